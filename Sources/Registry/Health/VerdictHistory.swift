import AdminAPI
import Text

/// What changes in the verdicts of one gateway, in sentences for the event log: so many a minute, and then one that sums
/// up what was left out.
struct VerdictHistory: Sendable {
    /// How many instances get a sentence of their own within a minute.
    static let instancesPerMinute = 20
    /// How many sentences about all checks of the gateway there are beside them.
    static let othersPerMinute = 10
    private static let minute = Duration.seconds(60)

    /// A sentence.
    struct Change: Sendable, Hashable {
        /// The service; `nil`: it is about all checks of the gateway.
        var service: String?
        var text: String
    }

    /// The gateway's name, as sentences have it.
    private let gateway: String
    /// The instances that were down while verdicts were in force; `nil`: they were not in force since ADMIN started, so
    /// there is nothing to compare with.
    private var down: [ExactText: GatewayReport.Health.Down]?
    /// Whether `down` has all of them.
    private var isCut = false
    /// Whether verdicts count; `nil`: nothing is checked.
    private var isInForce: Bool?
    private var isHolding = false
    /// The minute that is counted: its start by `Registry.uptime`, and what it has.
    private var start = Duration.zero
    private var told = (instances: 0, others: 0)
    private var omitted = (down: 0, up: 0, others: 0)

    /// The first report since ADMIN started is what later ones are compared with.
    init(_ first: GatewayReport.Health?, of gateway: String) {
        self.gateway = gateway
        isInForce = first?.isInForce
        isHolding = first?.holdsUntil != nil
        if let first { if first.isInForce { (down, isCut) = (first.down, first.isCut) } } else { down = [:] }
    }

    /// Whether a sentence about what was left out is still to come.
    var isOwing: Bool { omitted != (0, 0, 0) }

    /// Takes the next report. Costs a look at each instance that is or was down.
    /// - Parameter isChecked: whether an instance (`pgw.1/http`) is still checked; one that is not is no longer down, but
    ///   not up.
    mutating func take(
        _ health: GatewayReport.Health?, at uptime: Duration, isChecked: (String) -> Bool
    ) -> [Change] {
        var changes = settle(at: uptime)
        guard let health else {
            // Nothing is checked there any more.
            (down, isCut, isInForce, isHolding) = ([:], false, nil, false)
            return changes
        }
        if let isInForce, isInForce != health.isInForce {
            let what = health.isInForce ? "count again" : "no longer count: no prober"
            add("verdicts of \(gateway) \(what)", to: &changes)
        }
        isInForce = health.isInForce
        if isHolding != (health.holdsUntil != nil) {
            isHolding.toggle()
            add(
                isHolding
                    ? "weights hold at \(gateway): too many servers failed at once"
                    : "weights no longer hold at \(gateway)", to: &changes)
        }
        guard health.isInForce else { return changes }
        defer { (down, isCut) = (health.down, health.isCut) }
        guard let down else { return changes }
        // Where the list was cut, who was down before may come into it.
        let oldest = isCut ? down.values.lazy.map(\.since).min() ?? "" : ""
        for (instance, state) in health.down.sorted(by: { $0.key < $1.key })
        where down[instance] == nil && (!isCut || state.since > oldest) {
            let text = "\(instance.wrappedValue) is down at \(gateway): \(state.reason) (\(state.target))"
            if !add(instance, text, to: &changes) { omitted.down += 1 }
        }
        guard !health.isCut else { return changes }
        for instance in down.keys.sorted() where health.down[instance] == nil && isChecked(instance.wrappedValue) {
            // A target whose check has changed has no verdict yet.
            let what = health.unknown == 0 ? "up again" : "no longer down"
            let text = "\(instance.wrappedValue) is \(what) at \(gateway)"
            if !add(instance, text, to: &changes) { omitted.up += 1 }
        }
        return changes
    }

    /// Ends the minute if it is over.
    /// - Returns: what sums up that which was left out in it.
    mutating func settle(at uptime: Duration) -> [Change] {
        guard uptime - start >= Self.minute else { return [] }
        var changes: [Change] = []
        if isOwing {
            var parts: [String] = []
            if omitted.down > 0 { parts.append("\(omitted.down) more went down") }
            if omitted.up > 0 { parts.append("\(omitted.up) more came back") }
            if omitted.others > 0 { parts.append("holding and counting changed \(omitted.others) more times") }
            changes.append(Change(text: "within a minute at \(gateway): \(parts.joined(separator: ", "))"))
        }
        (start, told, omitted) = (uptime, (0, 0), (0, 0, 0))
        return changes
    }

    private mutating func add(_ instance: ExactText, _ text: String, to changes: inout [Change]) -> Bool {
        guard told.instances < Self.instancesPerMinute else { return false }
        told.instances += 1
        changes.append(Change(service: instance.wrappedValue.splitBytes("/").first.map(String.init), text: text))
        return true
    }

    private mutating func add(_ text: String, to changes: inout [Change]) {
        guard told.others < Self.othersPerMinute else { return omitted.others += 1 }
        told.others += 1
        changes.append(Change(text: text))
    }
}
