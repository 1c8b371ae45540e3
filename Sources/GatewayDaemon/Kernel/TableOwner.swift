import Netlink
public import SystemPackage

/// The owner of our table, which alone may change it.
public enum TableOwner: Sendable, Hashable {
    /// Anybody with CAP_NET_ADMIN: the table has no owner.
    case nobody
    /// The socket that `portcullis-gateway hold` keeps. This process only reads.
    case holder
    /// The holder's socket, which was passed to this process.
    case socket(FileDescriptor)

    var tableFlags: Nftables.TableFlags {
        switch self {
        case .nobody: []
        case .holder, .socket: .owner
        }
    }
}
