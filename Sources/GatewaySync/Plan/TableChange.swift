public import Netlink
import NetworkTypes

/// One transaction on table `inet portcullis`.
public struct TableChange: Sendable, Hashable {
    /// What happens to the chains, rules and sets themselves.
    public enum Skeleton: Sendable, Hashable {
        /// They are as they should be.
        case intact
        /// They are not there: made.
        case absent
        /// Sets are as they should be, and stay with their elements: a set that is made anew is empty for a moment to
        /// those who look a packet up. Chains and rules are made anew, chains of strangers go.
        case rules(strangers: [String])
        /// They are not as they should be: made anew, in the same transaction.
        case altered
        /// The whole table goes.
        case withdrawn
    }

    public var skeleton: Skeleton
    /// Ascending. Removed before `added` within the transaction.
    public var removed: [TableElement]
    /// Ascending.
    public var added: [TableElement]

    public init(skeleton: Skeleton = .intact, removed: [TableElement] = [], added: [TableElement] = []) {
        self.skeleton = skeleton
        self.removed = removed
        self.added = added
    }

    public var isEmpty: Bool { skeleton == .intact && removed.isEmpty && added.isEmpty }

    /// How many changes, each element counted.
    public var count: Int { removed.count + added.count + (skeleton == .intact ? 0 : 1) }

    /// The transaction for the kernel.
    /// - Parameter flags: of the table, where it is made.
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

    /// Neighbours of one set together: elements are sorted by set, then by address.
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
