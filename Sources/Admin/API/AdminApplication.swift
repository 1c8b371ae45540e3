import HTTPTypes
public import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
public import NIOSSL

/// The HTTP side of ADMIN, put together.
public struct AdminApplication: Sendable {
    let registry: Registry
    let gateways: GatewayRoster
    let address: ListenAddress
    let tls: TLSConfiguration?
    let secretKey: SecretKey?
    let isOpenWithoutTokens: Bool
    let logger: Logger
    let onListening: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - secretKey: What seals secrets; `nil`: none can be kept.
    ///   - isOpenWithoutTokens: Whether the API needs no token while none is configured: only where nobody but this
    ///     machine can connect.
    ///   - onListening: Called with the port (0 on a Unix socket), once connections are accepted.
    public init(
        registry: Registry, gateways: GatewayRoster, address: ListenAddress, tls: TLSConfiguration? = nil,
        secretKey: SecretKey? = nil, isOpenWithoutTokens: Bool, logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.registry = registry
        self.gateways = gateways
        self.address = address
        self.tls = tls
        self.secretKey = secretKey
        self.isOpenWithoutTokens = isOpenWithoutTokens
        self.logger = logger
        self.onListening = onListening
    }

    /// The router with every route of the table; each GET answers HEAD too.
    func router() -> Router<BasicRequestContext> {
        let routes = RouteTable(registry: registry, gateways: gateways, secretKey: secretKey).routes
        let authenticator = Authenticator(tokens: registry.tokens, isOpenWithoutTokens: isOpenWithoutTokens)
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: UnroutedMiddleware(routes: routes))
        for route in routes {
            let responder = RouteResponder(route: route, authenticator: authenticator)
            router.on(RouterPath(route.path), method: route.method, responder: responder)
            if route.method == .get { router.on(RouterPath(route.path), method: .head, responder: responder) }
        }
        return router
    }

    /// The server; it and the gateway roster are run by a service group.
    public func application() throws -> some ApplicationProtocol {
        try application(at: .hostname(address.host, port: address.port))
    }

    /// The server on a Unix socket: everything but TCP, for tools that send it more requests than a machine has ports.
    package func application(onUnixSocket path: String) throws -> some ApplicationProtocol {
        try application(at: .unixDomainSocket(path: path))
    }

    private func application(at address: BindAddress) throws -> some ApplicationProtocol {
        let http = HTTP1Channel.Configuration(
            additionalChannelHandlers: [BareProblemHandler()], idleTimeout: .seconds(120))
        let server: HTTPServerBuilder =
            try tls.map { try .tls(.http1(configuration: http), tlsConfiguration: $0) } ?? .http1(configuration: http)
        return Application(
            router: router(), server: server,
            configuration: ApplicationConfiguration(address: address, serverName: nil),
            services: [TokenWatch(tokens: registry.tokens, logger: logger)],
            onServerRunning: { [onListening] channel in onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}
