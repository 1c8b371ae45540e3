extension Nftables {
    /// Changes to one table that the kernel carries out together or not at all. It is a value: nothing happens before
    /// `Connection.commit`.
    public struct Transaction: Sendable, Hashable {
        /// One change of the transaction.
        public enum Operation: Sendable, Hashable {
            case addTable(TableFlags)
            case deleteTable
            /// Deletes the table if it exists.
            case destroyTable
            case addChain(Chain)
            /// Deletes all rules of a chain.
            case flushChain(String)
            case deleteChain(String)
            /// Adds the rule at the end of its chain.
            case addRule(Rule)
            case deleteRule(chain: String, handle: UInt64)
            case addSet(SetDefinition)
            /// Deletes all elements of a set.
            case flushSet(String)
            case deleteSet(String)
            case addCounter(String)
            case deleteCounter(String)
            case addElements([SetElement], to: SetDefinition)
            case deleteElements([SetElement], from: SetDefinition)
        }

        public let table: Table
        /// The operations, in the order in which the kernel carries them out.
        public private(set) var operations: [Operation] = []

        public init(on table: Table) { self.table = table }

        /// Whether the transaction has no operations.
        public var isEmpty: Bool { operations.isEmpty }

        /// Appends an operation.
        public mutating func append(_ operation: Operation) { operations.append(operation) }

        /// Adds the table; an existing one is left unchanged.
        public mutating func addTable(_ flags: TableFlags = []) { append(.addTable(flags)) }
        /// Deletes the table. If it does not exist, the transaction fails (ENOENT).
        public mutating func deleteTable() { append(.deleteTable) }
        /// Deletes the table, if it exists.
        public mutating func destroyTable() { append(.destroyTable) }
        /// Adds a chain, if it does not exist.
        public mutating func add(_ chain: Chain) { append(.addChain(chain)) }
        /// Adds a rule at the end of its chain.
        public mutating func add(_ rule: Rule) { append(.addRule(rule)) }
        /// Adds a set or map, if it does not exist.
        public mutating func add(_ set: SetDefinition) { append(.addSet(set)) }
        /// Adds a named counter, if it does not exist.
        public mutating func add(counter: String) { append(.addCounter(counter)) }
        /// Deletes all rules of a chain.
        public mutating func flush(chain: String) { append(.flushChain(chain)) }
        /// Deletes all elements of a set.
        public mutating func flush(set: String) { append(.flushSet(set)) }

        /// Adds elements. An existing one is left unchanged; one with other data, or one that overlaps, fails the
        /// transaction (EEXIST).
        public mutating func add(elements: [SetElement], to set: SetDefinition) {
            if !elements.isEmpty { append(.addElements(elements, to: set)) }
        }

        /// Deletes elements. One that does not exist fails the transaction (ENOENT).
        public mutating func delete(elements: [SetElement], from set: SetDefinition) {
            if !elements.isEmpty { append(.deleteElements(elements, from: set)) }
        }
    }
}

extension Nftables.Transaction.Operation {
    /// The operation in words, for errors: `add 3 elements to set inet portcullis ports4`.
    func text(on table: Nftables.Table) -> String {
        func counted(_ elements: [Nftables.SetElement]) -> String {
            elements.count == 1 ? "1 element" : "\(elements.count) elements"
        }
        return switch self {
        case .addTable: "add table \(table)"
        case .deleteTable: "delete table \(table)"
        case .destroyTable: "destroy table \(table)"
        case .addChain(let chain): "add chain \(table) \(chain.name)"
        case .flushChain(let chain): "flush chain \(table) \(chain)"
        case .deleteChain(let chain): "delete chain \(table) \(chain)"
        case .addRule(let rule): "add rule \(table) \(rule.chain)"
        case .deleteRule(let chain, let handle): "delete rule \(table) \(chain) handle \(handle)"
        case .addSet(let set): "add \(set.word) \(table) \(set.name)"
        case .flushSet(let set): "flush set \(table) \(set)"
        case .deleteSet(let set): "delete set \(table) \(set)"
        case .addCounter(let counter): "add counter \(table) \(counter)"
        case .deleteCounter(let counter): "delete counter \(table) \(counter)"
        case .addElements(let elements, let set): "add \(counted(elements)) to \(set.word) \(table) \(set.name)"
        case .deleteElements(let elements, let set): "delete \(counted(elements)) from \(set.word) \(table) \(set.name)"
        }
    }
}
