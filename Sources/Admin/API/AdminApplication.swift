import AdminAPI
import Cloud
import HTTPTypes
public import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import NIOSSL
public import Registry
import ServiceSupport

/// ADMIN's HTTP server.
public struct AdminApplication: Sendable {
    let registry: Registry
    let gateways: GatewayRoster
    /// What the nodes of servers tell.
    public let nodes: NodeRoster
    let rollouts: RolloutDriver
    let address: ListenAddress
    let tls: ReloadableTLS?
    let limits: ConnectionLimits
    let secretKey: SecretKey?
    let isOpenWithoutTokens: Bool
    let pruneGuard: PruneGuard
    let versions: VersionKeeper?
    let courier: NoticeCourier
    let logger: Logger
    let onListening: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - secretKey: the key that encrypts secrets; `nil`: secrets cannot be stored.
    ///   - isOpenWithoutTokens: whether the API needs no token as long as there is none. Only for servers to which
    ///     nobody but this machine can connect.
    ///   - limits: the limits of connections. There are never more connections than the limit of open files allows.
    ///   - versions: the versions of services; `nil`: none are kept.
    ///   - hasOutsideTests: whether rollouts run tests from outside; otherwise these count as passed.
    ///   - courier: what delivers notices; `nil`: they are kept, and nobody is told.
    ///   - pruneShare: the percentage of the cloud, or of one kind of object in it, that a prune may delete without a
    ///     number.
    ///   - onListening: called with the port (0 on a Unix socket) when the server accepts connections.
    public init(
        registry: Registry, gateways: GatewayRoster, address: ListenAddress, tls: TLSConfiguration? = nil,
        secretKey: SecretKey? = nil, isOpenWithoutTokens: Bool, limits: ConnectionLimits = ConnectionLimits(),
        pruneShare: Int? = nil, versions: VersionKeeper? = nil, hasOutsideTests: Bool = true,
        courier: NoticeCourier? = nil, logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        var limits = limits
        limits.maximum = min(limits.maximum, FileDescriptors.roomForConnections)
        self.limits = limits
        pruneGuard = PruneGuard(share: pruneShare ?? PruneGuard.defaultShare)
        self.tls = try tls.map { try ReloadableTLS($0) }
        self.registry = registry
        self.versions = versions
        self.courier = try courier ?? NoticeCourier([], registry: registry, logger: logger)
        self.gateways = gateways
        nodes = NodeRoster(registry: registry)
        rollouts = RolloutDriver(
            registry: registry, gateways: gateways, nodes: nodes, versions: versions,
            outside: OutsideTester(isEnabled: hasOutsideTests, logger: logger) { try await registry.state().cloud },
            logger: logger)
        self.address = address
        self.secretKey = secretKey
        self.isOpenWithoutTokens = isOpenWithoutTokens
        self.logger = logger
        self.onListening = onListening
    }

    /// Uses another certificate and key for new connections. Existing connections keep theirs.
    ///
    /// Throws `SettingsError` if ADMIN uses plain HTTP, or if the files cannot be used; then nothing changes.
    public func reloadTLS(_ configuration: TLSConfiguration) throws {
        guard let tls else { throw SettingsError("ADMIN speaks plain HTTP: TLS needs a restart") }
        try tls.reload(configuration)
    }

    /// The router with all routes of the table. Each GET route also answers HEAD.
    func router() -> Router<BasicRequestContext> {
        let routes = RouteTable(
            registry: registry, gateways: gateways, nodes: nodes, rollouts: rollouts, secretKey: secretKey,
            pruneGuard: pruneGuard, versions: versions, courier: courier
        ).routes
        let authenticator = Authenticator(tokens: registry.tokens, isOpenWithoutTokens: isOpenWithoutTokens)
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: UnroutedMiddleware(routes: routes, log: RequestLog(logger)))
        let large = LargeRequests()
        for route in routes {
            let responder = RouteResponder(
                route: route, authenticator: authenticator, log: RequestLog(logger), large: large)
            router.on(RouterPath(route.path.pattern), method: route.method, responder: responder)
            if route.method == .get { router.on(RouterPath(route.path.pattern), method: .head, responder: responder) }
        }
        return router
    }

    /// The server. A service group runs it together with the gateway roster.
    public func application() throws -> some ApplicationProtocol {
        try application(at: .hostname(address.host, port: address.port))
    }

    /// The server on a Unix socket: everything except TCP, for tools that send more requests than a machine has
    /// ports.
    package func application(onUnixSocket path: String) throws -> some ApplicationProtocol {
        try application(at: .unixDomainSocket(path: path))
    }

    private func application(at address: BindAddress) throws -> some ApplicationProtocol {
        let connections = ConnectionTable(maximum: limits.maximum, logger: logger)
        let server = HTTPServerBuilder { [limits, tls] responder in
            AdminChannel(responder: responder, limits: limits, connections: connections, tls: tls)
        }
        return Application(
            router: router(), server: server,
            configuration: ApplicationConfiguration(address: address, serverName: nil),
            services: [
                TokenWatch(tokens: registry.tokens, logger: logger),
                ConfigurationUseWriter(registry: registry, logger: logger), rollouts,
                LinkWatch(registry: registry, nodes: nodes, logger: logger),
            ],
            onServerRunning: { [onListening, logger] channel in
                try? await channel.eventLoop.submit {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptGuard(connections, logger: logger), position: .first)
                }.get()
                onListening(channel.localAddress?.port ?? 0)
            },
            logger: logger)
    }
}
