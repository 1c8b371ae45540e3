import Glibc
import NIOCore
import NIOPosix
import ServiceSupport
import SystemPackage

/// The Unix socket in the run directory at which the prober connects. Anybody may try; who it is decides.
struct ProberListener: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let path: String
    private let user: String
    private let eventLoops: any EventLoopGroup

    /// - Parameter user: who may connect, beside the daemon's own user.
    init(runDirectory: String, user: String, on eventLoops: any EventLoopGroup) {
        path = "\(runDirectory)/checks.sock"
        self.user = user
        self.eventLoops = eventLoops
    }

    /// Passes on connections until the task is cancelled. A socket file that an earlier daemon has left is replaced.
    func accept(_ handle: @escaping @Sendable (Connection) async -> Void) async throws {
        let server = try await ServerBootstrap(group: eventLoops)
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Connection(wrappingChannelSynchronously: channel)
                }
            }
        guard chmod(path, 0o666) == 0 else {
            let number = errno
            try? await server.channel.close()
            throw FileError("open to the prober", path, errno: Errno(rawValue: number))
        }
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    group.addTask { await handle(connection) }
                }
            }
            group.cancelAll()
        }
    }

    /// Why the process at the other end may not connect; `nil`: it may.
    func objection(to connection: Connection) async -> String? {
        guard let options = connection.channel as? any SocketOptionProvider,
            let peer: PeerCredentials = try? await options.unsafeGetSocketOption(
                level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
            ).get()
        else { return "it is not known who it is" }
        if peer.user == geteuid() { return nil }
        guard let allowed = Self.number(of: user) else { return "there is no user \(user) (checks-user)" }
        return peer.user == allowed
            ? nil : "process \(peer.process) is of user \(peer.user), not of \(user) (checks-user)"
    }

    private static func number(of user: String) -> uid_t? {
        var entry = passwd()
        var result: UnsafeMutablePointer<passwd>?
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 14) { buffer in
            guard getpwnam_r(user, &entry, buffer.baseAddress!, buffer.count, &result) == 0 else { return nil }
            return result?.pointee.pw_uid
        }
    }
}

/// The kernel's `struct ucred` (unix(7), SO_PEERCRED).
private struct PeerCredentials: Sendable {
    var process: pid_t = 0
    var user: uid_t = 0
    var group: gid_t = 0
}
