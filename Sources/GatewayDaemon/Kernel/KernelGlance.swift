public import GatewaySync
public import Netlink

/// What a look at the kernel shows that costs little however large the export is: no element and no real server is
/// read.
public struct KernelGlance: Sendable, Hashable {
    /// `nil`: there is no table of ours.
    public var table: KernelState.Table.Shape?
    /// Virtual services that are ours.
    public var services: Int

    /// How it differs from what it should be, in words.
    /// - Parameter expected: virtual services of the export; there may be more, while some that left it drain.
    public func deviations(services expected: Int) -> [String] {
        var deviations = [String]()
        switch table {
        case .intact: break
        case nil: deviations.append("table \(PortcullisTable.table) is gone")
        case .altered, .rulesAltered: deviations.append("table \(PortcullisTable.table) was altered")
        }
        if services < expected { deviations.append("\(services) of \(expected) virtual services are there") }
        return deviations
    }
}

extension NetlinkKernel {
    public func glance(_ ownership: Ownership) throws(NetlinkError) -> KernelGlance {
        let shape = try tableShape()
        let services = try ipvs.services().collect().count { ownership.contains($0.service.identity) }
        return KernelGlance(table: shape, services: services)
    }
}
