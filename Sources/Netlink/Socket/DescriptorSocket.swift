import CNetlink
import Glibc
public import SystemPackage

/// A Unix socket by which one process hands an open descriptor to another (SCM_RIGHTS, unix(7)).
///
/// Has to be closed by whoever holds it.
public struct DescriptorSocket: Sendable {
    private let descriptor: Int32

    /// Listens at a path, in place of what was there; the owner's user alone can connect.
    public static func listening(at path: String) throws(Errno) -> Self {
        let mask = umask(0o177)
        defer { umask(mask) }
        return Self(descriptor: try checked(cnl_unix_listen(path)))
    }

    /// Connects to whoever listens at a path.
    public static func connected(to path: String) throws(Errno) -> Self {
        Self(descriptor: try checked(cnl_unix_connect(path)))
    }

    /// Waits for the next process that connects.
    public func accept() throws(Errno) -> Self {
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else { throw Errno(rawValue: Glibc.errno) }
        return Self(descriptor: client)
    }

    /// The user of the process on the other side, when it connected; `nil` when it cannot be told.
    public var peerUser: UInt32? { UInt32(exactly: cnl_peer_user(descriptor)) }

    /// Hands a descriptor over; it stays open here, too. Does not wait for the other side.
    public func send(_ handed: FileDescriptor) throws(Errno) {
        _ = try Self.checked(cnl_send_descriptor(descriptor, handed.rawValue))
    }

    /// Waits for a descriptor that is handed over.
    /// - Throws: `.timedOut` when none comes in time: the other side may be stopped.
    public func receive(within timeout: Duration) throws(Errno) -> FileDescriptor {
        let milliseconds = Int32(clamping: timeout.components.seconds * 1_000)
        guard try Self.checked(cnl_wait_readable(descriptor, milliseconds)) > 0 else { throw .timedOut }
        return FileDescriptor(rawValue: try Self.checked(cnl_receive_descriptor(descriptor)))
    }

    public func close() { Glibc.close(descriptor) }

    private static func checked(_ result: Int32) throws(Errno) -> Int32 {
        guard result >= 0 else { throw Errno(rawValue: -result) }
        return result
    }
}
