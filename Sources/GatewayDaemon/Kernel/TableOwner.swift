import Netlink
public import SystemPackage

/// Who may change our table.
public enum TableOwner: Sendable, Hashable {
    /// Anybody with CAP_NET_ADMIN: the table has no owner.
    case nobody
    /// The socket that `portcullis-gateway hold` keeps; we only look.
    case holder
    /// We do, by way of that very socket, which was handed to us.
    case socket(FileDescriptor)

    var tableFlags: Nftables.TableFlags {
        switch self {
        case .nobody: []
        case .holder, .socket: .owner
        }
    }
}
