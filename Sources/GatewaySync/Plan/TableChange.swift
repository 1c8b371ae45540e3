public import Netlink
import NetworkTypes

/// One transaction on table `inet portcullis`.
public struct TableChange: Sendable, Hashable {
    /// What happens to the chains, rules and sets themselves.
    public enum Skeleton: Sendable, Hashable {
        /// They are as they should be.
        case intact
        /// They are missing, and are made.
        case absent
        /// The sets are right, and stay with their elements: during a lookup, a recreated set is empty for a moment.
        /// Chains and rules are recreated; foreign chains are deleted.
        case rules(strangers: [String])
        /// They are wrong, and are recreated in the same transaction.
        case altered
        /// The whole table is deleted.
        case withdrawn
    }

    /// What happens to the chains, rules and sets.
    public var skeleton: Skeleton
    /// Elements to remove, ascending. They are removed before `added` within the transaction.
    public var removed: [TableElement]
    /// Elements to add, ascending.
    public var added: [TableElement]

    public init(skeleton: Skeleton = .intact, removed: [TableElement] = [], added: [TableElement] = []) {
        self.skeleton = skeleton
        self.removed = removed
        self.added = added
    }

    /// Whether nothing has to change.
    public var isEmpty: Bool { skeleton == .intact && removed.isEmpty && added.isEmpty }

    /// The number of changes; each element counts as one.
    public var count: Int { removed.count + added.count + (skeleton == .intact ? 0 : 1) }

    /// The transaction for the kernel.
    /// - Parameter flags: the flags of the table, if it is made.
    public func transaction(_ flags: Nftables.TableFlags = []) -> Nftables.Transaction {
        var transaction = Nftables.Transaction(on: PortcullisTable.table)
        switch skeleton {
        case .intact: break
        case .rules(let strangers): PortcullisTable.renewRules(without: strangers, in: &transaction)
        case .absent, .altered: PortcullisTable.recreate(flags, in: &transaction)
        case .withdrawn: transaction.destroyTable()
        }
        for run in Self.runs(removed) {
            transaction.delete(elements: run.map(\.setElement), from: run[run.startIndex].set)
        }
        for run in Self.runs(added) {
            transaction.add(elements: run.map(\.setElement), to: run[run.startIndex].set)
        }
        return transaction
    }

    /// Splits the elements into one slice for each set. They are sorted by set, then by address.
    private static func runs(_ elements: [TableElement]) -> [ArraySlice<TableElement>] {
        var runs = [ArraySlice<TableElement>]()
        var start = elements.startIndex
        for index in elements.indices {
            let next = index + 1
            if next == elements.endIndex || elements[next].kind != elements[start].kind
                || elements[next].address.family != elements[start].address.family
            {
                runs.append(elements[start..<next])
                start = next
            }
        }
        return runs
    }
}
