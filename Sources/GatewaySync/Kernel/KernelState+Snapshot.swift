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
        for family in AddressFamily.allCases {
            for kind in PortcullisTable.Kind.allCases {
                for element in snapshot.elements[PortcullisTable.set(kind, family).name] ?? [] {
                    guard let element = TableElement(element, kind: kind, family: family) else {
                        shape = .altered
                        continue
                    }
                    elements.insert(element)
                }
            }
        }
        self.init(shape: shape, elements: elements)
    }
}

extension KernelState.Table.Shape {
    /// - Parameter flags: the flags that the table must have.
    package init(_ snapshot: Nftables.Snapshot, _ flags: Nftables.TableFlags = []) {
        let names = Set(PortcullisTable.chains.map(\.name))
        let found = Set(snapshot.chains)
        let strangers = found.filter { !names.contains($0.name) }
        guard
            // A dormant table has no hooks. The owner flag cannot be added to an existing table.
            snapshot.flags == flags, snapshot.foreignObjects.isEmpty,
            // A hook cannot be changed in place.
            found.subtracting(strangers).isSubset(of: PortcullisTable.chains),
            Set(snapshot.sets) == Set(PortcullisTable.sets), snapshot.foreignSets.isEmpty,
            snapshot.counters.map(\.name) == [PortcullisTable.droppedCounter]
        else {
            self = .altered
            return
        }
        let isIntact =
            found == Set(PortcullisTable.chains)
            && PortcullisTable.chains.allSatisfy { chain in
                snapshot.rules(in: chain.name) == PortcullisTable.rules.filter { $0.chain == chain.name }
            }
        // A bound chain is deleted together with its rule.
        self =
            isIntact ? .intact : .rulesAltered(strangers: strangers.filter { !$0.isBound }.map(\.name).sorted())
    }
}
