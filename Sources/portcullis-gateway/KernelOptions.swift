import ArgumentParser
import GatewayDaemon
import Netlink

/// The kernel that a command writes to.
struct KernelOptions: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Write the nftables table only, on a kernel without IPVS: for measurements.", visibility: .hidden))
    var tableOnly = false

    func open(_ configuration: GatewayConfiguration) throws -> any Kernel {
        if tableOnly { return try TableKernel() }
        return try NetlinkKernel(configuration.tableOwner())
    }
}
