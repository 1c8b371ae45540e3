public import Netlink

/// A command that the kernel refused.
public struct KernelRefusal: Error, Sendable, Hashable {
    /// The command that was refused.
    public let command: IPVS.Command
    /// The error that the kernel returned.
    public let error: NetlinkError

    public init(command: IPVS.Command, error: NetlinkError) {
        self.command = command
        self.error = error
    }
}
