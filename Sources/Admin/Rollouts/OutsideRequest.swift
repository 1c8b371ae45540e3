import Cloud
import NIOCore
import NIOHTTP1
import NIOPosix
import NetworkTypes
import ServiceSupport

/// A request over plain HTTP to a public address, on a connection of its own: a kept one would lead to the instance that
/// answered before. No name is resolved, and no redirect is followed.
struct OutsideRequest: Sendable {
    let check: ServiceTest.HTTPCheck
    let address: IPAddress

    /// How long a connection may take to be made.
    private static let connectLimit = Duration.seconds(2)

    private enum Failure: Error {
        case late
        case closed
    }

    /// Sends it, and reads the head of the answer; the body is left unread.
    ///
    /// - Parameter limit: how long it may take.
    /// - Returns: why the answer is not the expected one; `nil`: it is.
    func problem(within limit: Duration) async -> String? {
        do {
            let status = try await withTimeLimit(limit) {
                try await self.status(limit)
            } otherwise: {
                Failure.late
            }
            return status == check.status ? nil : "the answer has status \(status), and \(check.status) is expected"
        } catch {
            return Self.reason(error)
        }
    }

    private func status(_ limit: Duration) async throws -> Int {
        let server = try SocketAddress(ipAddress: "\(address)", port: Int(check.port))
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(min(limit, Self.connectLimit)))
            .connect(to: server) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { answer, request in
            try await request.write(.head(head))
            try await request.write(.end(nil))
            for try await part in answer {
                if case .head(let head) = part { return Int(head.status.code) }
            }
            throw Failure.closed
        }
    }

    private var head: HTTPRequestHead {
        let host = address.family == .ipv6 ? "[\(address)]" : "\(address)"
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: check.method), uri: check.path,
            headers: [
                "Host": "\(host):\(check.port)", "User-Agent": "portcullis-admin", "Content-Length": "0",
                "Connection": "close",
            ])
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case Failure.late: "no answer in time"
        case ChannelError.connectTimeout: "no answer to the connection attempt"
        case let error as IOError: FileError.reason(error.errnoCode)
        case is HTTPParserError: "the answer is no HTTP"
        default: "the connection was closed without an answer"
        }
    }
}
