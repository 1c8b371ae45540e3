public import Netlink

/// The steps from the kernel's state to the desired state, in a safe order.
///
/// IPVS has no transactions, so the order protects the traffic: a packet is never admitted before a service can
/// accept it, and never marked for a service that is gone.
public struct Plan: Sendable, Hashable {
    /// New virtual services and real servers, raised weights, other settings.
    public var grow: [IPVSChange] = []
    /// One nftables transaction.
    public var table = TableChange()
    /// Ports whose flows are searched for those that conntrack must forget, now that the table is right.
    public var flows: [TranslationRule] = []
    /// Lowered weights.
    public var lower: [IPVSChange] = []
    /// Real servers and virtual services that are deleted.
    public var remove: [IPVSChange] = []

    public init() {}

    /// Whether nothing has to change.
    public var isEmpty: Bool { grow.isEmpty && table.isEmpty && flows.isEmpty && lower.isEmpty && remove.isEmpty }

    /// The number of changes; each element of the table counts as one.
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

    /// Changes that are passed to the kernel at once.
    public enum Step: Sendable, Hashable {
        case ipvs([IPVSChange])
        case table(TableChange)
        case flows([TranslationRule])
    }
}

/// A command to IPVS, and what it replaces.
public struct IPVSChange: Sendable, Hashable {
    /// The settings that a command replaces.
    public enum Previous: Sendable, Hashable {
        case service(IPVS.ServiceSettings)
        case destination(IPVS.DestinationSettings)
    }

    /// The command for the kernel.
    public let command: IPVS.Command
    /// The settings that the command replaces; `nil` if it adds something.
    public let previous: Previous?

    public init(_ command: IPVS.Command, previous: Previous? = nil) {
        self.command = command
        self.previous = previous
    }
}
