import NetworkTypes
import ServicesExport

extension Cloud {
    /// Egress rules that no gateway could carry out.
    ///
    /// Cost: at each location that has rules, sorts their networks, and looks up each public address of the location
    /// among them.
    public func egressContradictions() -> [Contradiction] {
        guard !egress.isEmpty else { return [] }
        let poolsOfLocation = Dictionary(grouping: pools.values, by: \.id.location)
        let rulesOfLocation = Dictionary(grouping: egress.values, by: \.id.location)
        return rulesOfLocation.sorted { $0.key < $1.key }.flatMap { location, rules -> [Contradiction] in
            let rules = rules.sorted { $0.id < $1.id }
            guard locations[location] != nil else {
                return rules.map {
                    Contradiction("\($0.title): there is no location \"\(location)\"", of: [.egress($0.id, .location)])
                }
            }
            let sources = SourceNetworks(of: rules)
            return Self.countContradictions(location, rules) + sizeContradictions(location, rules)
                + rules.flatMap(poolContradictions)
                + rules.flatMap(\.exceptionContradictions) + sources.overlaps
                + (poolsOfLocation[location] ?? []).sorted { $0.id < $1.id }.flatMap(sources.contradictions)
        }
    }

    private static func countContradictions(_ location: String, _ rules: [Egress]) -> [Contradiction] {
        guard rules.count > Egress.maximumRules else { return [] }
        return [
            Contradiction(
                "location \(location) has \(rules.count) egress rules, and may have \(Egress.maximumRules)",
                of: [.init(.location, location)] + rules.map { .egress($0.id) })
        ]
    }

    /// Rules that together would take a gateway's kernel too long.
    private func sizeContradictions(_ location: String, _ rules: [Egress]) -> [Contradiction] {
        let count = egressRows(rules).reduce(0) { $0 + $1.elementCount }
        guard count > EgressRule.maximumElements else { return [] }
        return [
            Contradiction(
                "the egress rules of \(location) have \(count) elements, and may have \(EgressRule.maximumElements): the "
                    + "networks of each rule times one, its pool's addresses and its exceptions",
                of: rules.map { .egress($0.id, .sources) })
        ]
    }

    /// A pool that the location lacks, or that lacks a family.
    private func poolContradictions(_ rule: Egress) -> [Contradiction] {
        guard let pool = pools[rule.poolID] else {
            return [
                Contradiction(
                    "\(rule.title) needs the address pool \"\(rule.pool)\", which the location lacks",
                    of: [.egress(rule.id, .pool), .pool(rule.poolID)])
            ]
        }
        let families = pool.families
        return rule.families.compactMap { family in
            guard !families.contains(family), let network = rule.sources.first(where: { $0.address.family == family })
            else { return nil }
            return Contradiction(
                "\(rule.title) is for \(network), and its pool \(rule.pool) has no \(family) address",
                of: [.egress(rule.id, .source(network)), .pool(rule.poolID, .addresses)])
        }
    }
}

extension Egress {
    /// No inside network, and exceptions of a family that no inside network has.
    fileprivate var exceptionContradictions: [Contradiction] {
        guard !sources.isEmpty else {
            return [Contradiction("\(title) is for no inside network", of: [.egress(id, .sources)])]
        }
        let families = families
        return exceptions.filter { !families.contains($0.address.family) }.map { network in
            Contradiction(
                "\(title) excepts \(network), and is for no \(network.address.family) network",
                of: [.egress(id, .exception(network))])
        }
    }
}

/// The inside networks of a location's egress rules.
private struct SourceNetworks {
    private struct Claim {
        let network: AddressPrefix
        let rule: Egress

        var subject: Contradiction.Subject { .egress(rule.id, .source(network)) }
    }

    /// Those that no earlier one contains, ascending.
    private var outer: [Claim] = []
    /// Those that an earlier one contains: each machine has one way out.
    private(set) var overlaps: [Contradiction] = []

    /// Cost: sorts the networks once.
    init(of rules: [Egress]) {
        var claims = rules.flatMap { rule in rule.sources.map { Claim(network: $0, rule: rule) } }
        claims.sort { a, b in
            if a.network != b.network { return a.network < b.network }
            return a.rule.id < b.rule.id
        }
        for claim in claims {
            // In this order, a network follows the widest one that contains it.
            guard let other = outer.last, other.network.contains(claim.network.address) else {
                outer.append(claim)
                continue
            }
            let owner = other.rule.id == claim.rule.id ? "the same rule" : "the rule \(other.rule.id.name)"
            overlaps.append(
                Contradiction(
                    "\(claim.rule.title) is for \(claim.network), which overlaps \(other.network) of \(owner)",
                    of: [claim.subject, other.subject]))
        }
    }

    /// A network that contains public addresses of a pool: connections to these would pass for inside traffic.
    func contradictions(_ pool: AddressPool) -> [Contradiction] {
        guard !outer.isEmpty else { return [] }
        var found: [Contradiction] = []
        var last: AddressPrefix?
        for address in pool.addresses {
            guard let claim = claim(on: address), claim.network != last else { continue }
            last = claim.network
            found.append(
                Contradiction(
                    "\(claim.rule.title) is for \(claim.network), which has the public address \(address) "
                        + "(pool \(pool.id.name)): it is for inside networks only",
                    of: [claim.subject, .pool(pool.id, .address(address))]))
        }
        return found
    }

    /// The network that contains an address. Cost: a binary search.
    private func claim(on address: IPAddress) -> Claim? {
        var range = outer.startIndex..<outer.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if outer[middle].network.address <= address {
                range = (middle + 1)..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        guard range.lowerBound > 0, outer[range.lowerBound - 1].network.contains(address) else { return nil }
        return outer[range.lowerBound - 1]
    }
}
