public import Netlink

/// A command that the kernel refused.
public struct KernelRefusal: Error, Sendable, Hashable {
    public let command: IPVS.Command
    public let error: NetlinkError

    public init(command: IPVS.Command, error: NetlinkError) {
        self.command = command
        self.error = error
    }
}
