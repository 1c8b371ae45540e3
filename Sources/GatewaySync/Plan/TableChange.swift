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
        /// Sets of ours that are missing are made. Chains and rules are recreated; foreign chains are deleted.
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
    /// Limiters in a table that stays. A table that is made has those that its elements lead to.
    public var limiters: Limiters

    /// What happens to the chains of limits, each with its meter. Ascending.
    public struct Limiters: Sendable, Hashable {
        /// They are made before elements lead to them.
        public var made: [ConnectionLimiter]
        /// They stay. Their rules are recreated with all others.
        public var kept: [ConnectionLimiter]
        /// They are deleted after no element leads to them.
        public var deleted: [ConnectionLimiter]

        public init(
            made: [ConnectionLimiter] = [], kept: [ConnectionLimiter] = [], deleted: [ConnectionLimiter] = []
        ) {
            self.made = made
            self.kept = kept
            self.deleted = deleted
        }
    }

    public init(
        skeleton: Skeleton = .intact, removed: [TableElement] = [], added: [TableElement] = [],
        limiters: Limiters = Limiters()
    ) {
        self.skeleton = skeleton
        self.removed = removed
        self.added = added
        self.limiters = limiters
    }

    /// Whether nothing has to change.
    public var isEmpty: Bool {
        skeleton == .intact && removed.isEmpty && added.isEmpty && limiters.made.isEmpty && limiters.deleted.isEmpty
    }

    /// The number of changes; each element counts as one.
    public var count: Int {
        removed.count + added.count + limiters.made.count + limiters.deleted.count + (skeleton == .intact ? 0 : 1)
    }

    /// The transaction for the kernel.
    /// - Parameter flags: the flags of the table, if it is made.
    public func transaction(_ flags: Nftables.TableFlags = []) -> Nftables.Transaction {
        var transaction = Nftables.Transaction(on: PortcullisTable.table)
        switch skeleton {
        case .intact: break
        case .rules(let strangers):
            PortcullisTable.renewRules(
                without: strangers, limiters: limiters.kept + limiters.deleted, in: &transaction)
        case .absent, .altered:
            PortcullisTable.recreate(flags, in: &transaction)
            for limiter in Set(added.compactMap(\.limiter)).sorted() { limiter.make(in: &transaction) }
        case .withdrawn: transaction.destroyTable()
        }
        for limiter in limiters.made { limiter.make(in: &transaction) }
        for run in Self.runs(removed) {
            transaction.delete(elements: run.map(\.setElement), from: run[run.startIndex].set)
        }
        for run in Self.runs(added) {
            transaction.add(elements: run.map(\.setElement), to: run[run.startIndex].set)
        }
        for limiter in limiters.deleted { limiter.delete(in: &transaction) }
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
