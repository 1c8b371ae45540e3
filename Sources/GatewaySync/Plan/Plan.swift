public import Netlink

/// The steps from what the kernel holds to what it should, in the order in which they are safe.
///
/// IPVS has no transaction, so the order is what keeps traffic whole: a packet is never admitted before something can
/// take it, and never marked for a service that is gone.
public struct Plan: Sendable, Hashable {
    /// New virtual services and real servers, raised weights, other settings.
    public var grow: [IPVSChange] = []
    /// One nftables transaction.
    public var table = TableChange()
    /// Ports whose flows are looked through for those that conntrack must forget, now that the table is right.
    public var flows: [TranslationRule] = []
    /// Lowered weights.
    public var lower: [IPVSChange] = []
    /// Real servers and virtual services that go.
    public var remove: [IPVSChange] = []

    public init() {}

    public var isEmpty: Bool { grow.isEmpty && table.isEmpty && flows.isEmpty && lower.isEmpty && remove.isEmpty }

    /// How many changes, each element of the table counted.
    public var count: Int { grow.count + table.count + flows.count + lower.count + remove.count }

    /// The batches in order.
    public var steps: [Step] {
        var steps = [Step]()
        if !grow.isEmpty { steps.append(.ipvs(grow)) }
        if !table.isEmpty { steps.append(.table(table)) }
        if !flows.isEmpty { steps.append(.flows(flows)) }
        if !lower.isEmpty { steps.append(.ipvs(lower)) }
        if !remove.isEmpty { steps.append(.ipvs(remove)) }
        return steps
    }

    /// What is handed to the kernel at once.
    public enum Step: Sendable, Hashable {
        case ipvs([IPVSChange])
        case table(TableChange)
        case flows([TranslationRule])
    }
}

/// A command to IPVS, and what it replaces.
public struct IPVSChange: Sendable, Hashable {
    public enum Previous: Sendable, Hashable {
        case service(IPVS.ServiceSettings)
        case destination(IPVS.DestinationSettings)
    }

    public let command: IPVS.Command
    /// The settings before, for a change of something that is there.
    public let previous: Previous?

    public init(_ command: IPVS.Command, previous: Previous? = nil) {
        self.command = command
        self.previous = previous
    }
}
