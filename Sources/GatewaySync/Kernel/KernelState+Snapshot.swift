package import Netlink
import NetworkTypes

extension KernelState.Table {
    /// Table `inet portcullis` as it was read from the kernel. If it has anything that Portcullis cannot have
    /// written, its shape is not `intact`.
    /// - Parameter flags: the flags that the table must have.
    package init(_ snapshot: Nftables.Snapshot, _ flags: Nftables.TableFlags = []) {
        // An element for all other keys admits everything, so a set that has one must be recreated.
        var shape = snapshot.setsWithForeignElements.isEmpty ? Shape(snapshot, flags) : .altered
        var elements = Set<TableElement>()
        let limiters = ConnectionLimiter.all(in: snapshot)
        for family in AddressFamily.allCases {
            for kind in PortcullisTable.Kind.allCases {
                for element in snapshot.elements[PortcullisTable.set(kind, family).name] ?? [] {
                    guard let element = TableElement(element, kind: kind, family: family) else {
                        shape = .altered
                        continue
                    }
                    if let limiter = element.limiter, !limiters.contains(limiter) { shape = .altered }
                    elements.insert(element)
                }
            }
        }
        self.init(shape: shape, elements: elements, limiters: limiters)
    }
}

extension KernelState.Table.Shape {
    /// - Parameter flags: the flags that the table must have.
    package init(_ snapshot: Nftables.Snapshot, _ flags: Nftables.TableFlags = []) {
        let limiters = ConnectionLimiter.all(in: snapshot)
        let chains = PortcullisTable.chains + limiters.map(\.chain)
        let rules = Dictionary(
            grouping: PortcullisTable.rules + limiters.flatMap(\.rules), by: \.chain)
        let names = Set(chains.map(\.name))
        let sets = Set(PortcullisTable.sets + limiters.flatMap(\.sets))
        let found = Set(snapshot.chains)
        let strangers = found.filter { !names.contains($0.name) }
        guard
            // A dormant table has no hooks. The owner flag cannot be added to an existing table.
            snapshot.flags == flags, snapshot.foreignObjects.isEmpty,
            // A hook cannot be changed in place.
            found.subtracting(strangers).isSubset(of: chains),
            // An earlier version had fewer.
            Set(snapshot.sets).isSubset(of: sets), snapshot.foreignSets.isEmpty,
            Set(snapshot.counters.map(\.name)).isSubset(of: PortcullisTable.counters)
        else {
            self = .altered
            return
        }
        let isIntact =
            found == Set(chains) && snapshot.sets.count == sets.count
            && snapshot.counters.count == PortcullisTable.counters.count
            && Dictionary(grouping: snapshot.rules.lazy.map(\.rule), by: \.chain) == rules
        // A bound chain is deleted together with its rule.
        self =
            isIntact ? .intact : .rulesAltered(strangers: strangers.filter { !$0.isBound }.map(\.name).sorted())
    }
}

extension ConnectionLimiter {
    /// The limiters whose chains and sets the table has, whatever their rules are.
    fileprivate static func all(in snapshot: Nftables.Snapshot) -> Set<Self> {
        let sets = Set(snapshot.sets)
        return Set(snapshot.chains.compactMap { Self(name: $0.name) }.filter { sets.isSuperset(of: $0.sets) })
    }
}
