import CNetlink
import Glibc
public import SystemPackage

/// A Unix socket through which one process passes an open descriptor to another (SCM_RIGHTS, unix(7)).
///
/// The user must close it.
public struct DescriptorSocket: Sendable {
    private let descriptor: Int32

    /// Listens at a path, and replaces what was there. Only the same user and root can connect.
    public static func listening(at path: String) throws(Errno) -> Self {
        let mask = umask(0o177)
        defer { umask(mask) }
        return Self(descriptor: try checked(cnl_unix_listen(path)))
    }

    /// Connects to the process that listens at a path.
    public static func connected(to path: String) throws(Errno) -> Self {
        Self(descriptor: try checked(cnl_unix_connect(path)))
    }

    /// Waits for the next process to connect.
    public func accept() throws(Errno) -> Self {
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else { throw Errno(rawValue: Glibc.errno) }
        return Self(descriptor: client)
    }

    /// The user of the other process when it connected; `nil` if unknown.
    public var peerUser: UInt32? { UInt32(exactly: cnl_peer_user(descriptor)) }

    /// Passes on a descriptor, which stays open here too. Does not wait for the other side.
    public func send(_ handed: FileDescriptor) throws(Errno) {
        _ = try Self.checked(cnl_send_descriptor(descriptor, handed.rawValue))
    }

    /// Waits for a descriptor.
    /// - Throws: `.timedOut` if none arrives in time: the other side may be stopped.
    public func receive(within timeout: Duration) throws(Errno) -> FileDescriptor {
        let milliseconds = Int32(clamping: timeout.components.seconds * 1_000)
        guard try Self.checked(cnl_wait_readable(descriptor, milliseconds)) > 0 else { throw .timedOut }
        return FileDescriptor(rawValue: try Self.checked(cnl_receive_descriptor(descriptor)))
    }

    /// Closes the socket.
    public func close() { Glibc.close(descriptor) }

    private static func checked(_ result: Int32) throws(Errno) -> Int32 {
        guard result >= 0 else { throw Errno(rawValue: -result) }
        return result
    }
}
