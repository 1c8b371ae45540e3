public import GatewaySync
public import Netlink

/// A summary of the kernel's state that is cheap to read however large the export is: no element and no real server
/// is read.
public struct KernelGlance: Sendable, Hashable {
    /// The shape of our table; `nil` if there is none.
    public var table: KernelState.Table.Shape?
    /// How many virtual services are ours.
    public var services: Int

    /// The differences from the desired state, in words.
    /// - Parameter expected: how many virtual services the export has. The kernel may have more while some that left
    ///   it drain.
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
    /// Reads the summary. Cost: lists all virtual services, and our table's chains, rules and sets.
    public func glance(_ ownership: Ownership) throws(NetlinkError) -> KernelGlance {
        let shape = try tableShape()
        let services = try ipvs.services().collect().count { ownership.contains($0.service.identity) }
        return KernelGlance(table: shape, services: services)
    }
}
