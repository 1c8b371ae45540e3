import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// HTTP/1.1 on one event loop and without any other thread, for programs that rest most of the time. AsyncHTTPClient needs
/// Dispatch for names and for TLS, and Dispatch wakes up once a second from its first use on.
///
/// Names are resolved in the event loop's thread, which waits for that, and anew for each connection. The kernel ends a
/// connection whose other end has not acknowledged anything for 20 s. Cancelling a task does not end its request.
final class DirectTransport: Sendable {
    /// Milliseconds without an acknowledgement.
    private static let userTimeout: ChannelOptions.Types.SocketOption.Value = 20_000

    /// A host without an address.
    struct UnknownHost: Error {
        let host: String
    }

    private struct Connected: Sendable {
        let channel: any Channel
        let handler: DirectConnection
    }

    private struct Secrets {
        let configuration: TLSConfiguration
        let context: NIOSSLContext
    }

    private let eventLoop: any EventLoop
    private let connectLimit: TimeAmount
    private let idle = Mutex<[AdminURL: [Connected]]>([:])
    private let secrets = Mutex<Secrets?>(nil)

    init(_ eventLoop: any EventLoop, connectLimit: TimeAmount) {
        self.eventLoop = eventLoop
        self.connectLimit = connectLimit
    }

    /// Sends a request, and waits for the whole of its answer.
    ///
    /// - Parameter tls: with the certificates that are trusted; `nil`: the system's.
    func exchange(
        _ head: HTTPRequestHead, _ body: [UInt8]?, with address: AdminURL, tls: TLSConfiguration?,
        _ limits: DirectConnection.Limits, deadline: NIODeadline
    ) async throws -> DirectConnection.Answer {
        let connection: Connected
        if let kept = take(address) {
            connection = kept
        } else {
            connection = try await connect(to: address, tls, deadline)
        }
        let answer = connection.handler.begin(head, body, limits, on: connection.channel)
        let alarm = eventLoop.scheduleTask(deadline: deadline) {
            connection.handler.end(HTTPClientError.deadlineExceeded, on: connection.channel)
        }
        defer { alarm.cancel() }
        let result = try await answer.get()
        if connection.handler.isOpen { idle.withLock { $0[address, default: []].append(connection) } }
        return result
    }

    /// Closes the connections that are not in use.
    func shutdown() {
        let all = idle.withLock { idle in
            defer { idle = [:] }
            return idle.values.flatMap(\.self)
        }
        for connection in all { connection.channel.close(promise: nil) }
    }

    private func take(_ address: AdminURL) -> Connected? {
        idle.withLock { idle in
            while let last = idle[address]?.popLast() {
                if last.handler.isOpen { return last }
            }
            return nil
        }
    }

    // MARK: Connections

    private func connect(to address: AdminURL, _ tls: TLSConfiguration?, _ deadline: NIODeadline) async throws
        -> Connected
    {
        let context = address.isEncrypted ? try context(tls) : nil
        var failure: any Error = UnknownHost(host: address.host)
        for target in try await eventLoop.submit({ try Self.addresses(of: address) }).get() {
            let left = deadline - .now()
            guard left > .zero else { break }
            do {
                return try await connect(to: target, address, context, atMost: min(left, connectLimit))
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private func connect(
        to target: SocketAddress, _ address: AdminURL, _ context: NIOSSLContext?, atMost limit: TimeAmount
    ) async throws -> Connected {
        let handler = DirectConnection()
        let channel = try await ClientBootstrap(group: eventLoop)
            .connectTimeout(limit)
            .channelOption(
                .socket(SocketOptionLevel(IPPROTO_TCP), SocketOptionName(TCP_USER_TIMEOUT)), value: Self.userTimeout
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        let name = address.ipAddress == nil ? address.host : nil
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
                    }
                    try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                    try pipeline.addHandler(handler)
                }
            }
            .connect(to: target).get()
        return Connected(channel: channel, handler: handler)
    }

    private func context(_ tls: TLSConfiguration?) throws -> NIOSSLContext {
        var configuration = tls ?? .makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        let wanted = configuration
        return try secrets.withLock { secrets in
            if let secrets, secrets.configuration.bestEffortEquals(wanted) { return secrets.context }
            let context = try NIOSSLContext(configuration: wanted)
            secrets = Secrets(configuration: wanted, context: context)
            return context
        }
    }

    /// All addresses of the host; none: its name is not known.
    private static func addresses(of address: AdminURL) throws -> [SocketAddress] {
        if let ip = address.ipAddress { return [try SocketAddress(ipAddress: "\(ip)", port: address.port)] }
        return (try? HostAddresses.resolve(address.host, port: address.port)) ?? []
    }
}
