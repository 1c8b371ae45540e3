import CNetlink
import Glibc
import SystemPackage

extension Nftables {
    /// A rule as the kernel has it.
    public struct RuleEntry: Sendable, Hashable {
        public var rule: Rule
        public var handle: UInt64
    }

    /// A table as it was read back. Chains, rules and sets compare with what was written.
    public struct Snapshot: Sendable {
        public var table: Table
        public var flags: TableFlags = []
        /// The ruleset's generation the snapshot is of.
        public var generation: UInt32
        public var chains: [Chain] = []
        /// In the order of their chain.
        public var rules: [RuleEntry] = []
        /// Sets and maps we have types for.
        public var sets: [SetDefinition] = []
        /// Names of sets and maps of a kind we never write.
        public var foreignSets: [String] = []
        /// By set, for all of `sets`.
        public var elements: [String: Set<SetElement>] = [:]
        /// Names of those of `sets` that hold an element of a kind we never write: one for all other keys, one with a
        /// timeout or a statement.
        public var setsWithForeignElements: [String] = []
        public var counters: [Counter] = []
        /// Names of flowtables, and of objects that are no counters: we never write any.
        public var foreignObjects: [String] = []

        /// The rules of a chain in order.
        public func rules(in chain: String) -> [Rule] { rules.lazy.map(\.rule).filter { $0.chain == chain } }
    }
}

extension Nftables.Connection {
    /// Reads a table whole; `nil` when there is none. Read again, up to `attempts` times, when somebody
    /// changes the ruleset meanwhile.
    /// - Parameter elements: whether to read the elements of sets too.
    /// - Throws: `.retry` when it never held still.
    public func snapshot(
        of table: Nftables.Table, elements: Bool = true, attempts: Int = 10
    ) throws(NetlinkError) -> Nftables.Snapshot? {
        for _ in 0..<max(attempts, 1) {
            do throws(NetlinkError) {
                let before = try generation()
                guard let flags = try flags(of: table) else {
                    if try generation() == before { return nil } else { continue }
                }
                var snapshot = Nftables.Snapshot(table: table, flags: flags, generation: before)
                snapshot.chains = try chains(of: table).collect()
                snapshot.rules = try rules(of: table).collect()
                for set in try sets(of: table).collect() {
                    switch set {
                    case .known(let set): snapshot.sets.append(set)
                    case .foreign(let name): snapshot.foreignSets.append(name)
                    }
                }
                if elements {
                    for set in snapshot.sets {
                        let content = try content(of: set.name, in: table)
                        snapshot.elements[set.name] = content.elements
                        if content.hasCatchAll || content.hasExtended {
                            snapshot.setsWithForeignElements.append(set.name)
                        }
                    }
                }
                snapshot.counters = try counters(of: table).collect()
                snapshot.foreignObjects = try foreignObjects(of: table)
                if try generation() == before { return snapshot }
            } catch  where error.code == .retry || error.errno == .noSuchFileOrDirectory {
                continue  // ENOENT: a set or the table went while we read
            }
        }
        throw NetlinkError(
            code: .retry, command: "read table \(table)", reason: "it changed during each of \(attempts) readings")
    }

    /// Whether there is such a table.
    public func exists(_ table: Nftables.Table) throws(NetlinkError) -> Bool { try flags(of: table) != nil }

    /// The flags of a table; `nil` when there is none.
    public func flags(of table: Nftables.Table) throws(NetlinkError) -> Nftables.TableFlags? {
        var entry: Nftables.TableEntry?
        do throws(NetlinkError) {
            try request(NFT_MSG_GETTABLE, table.family, "look for table \(table)") {
                $0.put(UInt16(NFTA_TABLE_NAME.rawValue), table.name)
            } onReply: { message in
                entry = Nftables.TableEntry(message)
            }
            return entry?.flags
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }

    /// The names of flowtables and of objects that are no counters.
    private func foreignObjects(of table: Nftables.Table) throws(NetlinkError) -> [String] {
        let objects: Dump<String> = try dump(NFT_MSG_GETOBJ, table.family, "list objects of \(table)") {
            $0.put(UInt16(NFTA_OBJ_TABLE.rawValue), table.name)
        } decode: { message, names in
            let object = NamedObject(message, type: NFTA_OBJ_TYPE.rawValue)
            if object.isOf(table, message), object.type != UInt32(NFT_OBJECT_COUNTER) { names.append(object.name) }
        }
        let names = try objects.collect()
        let flowtables: Dump<String> = try dump(NFT_MSG_GETFLOWTABLE, table.family, "list flowtables of \(table)") {
            $0.put(UInt16(NFTA_FLOWTABLE_TABLE.rawValue), table.name)
        } decode: { message, names in
            let object = NamedObject(message, type: nil)
            if object.isOf(table, message) { names.append(object.name) }
        }
        return names + (try flowtables.collect())
    }

    /// The chains of a table.
    public func chains(of table: Nftables.Table) throws(NetlinkError) -> Dump<Nftables.Chain> {
        // Kernels before 6.8 do not filter chains by table
        try dump(NFT_MSG_GETCHAIN, table.family, "list chains of \(table)", { _ in }) { message, chains in
            if let chain = Nftables.Chain(message, of: table) { chains.append(chain) }
        }
    }

    /// The rules of a table, chain by chain, each in order.
    public func rules(of table: Nftables.Table) throws(NetlinkError) -> Dump<Nftables.RuleEntry> {
        try dump(NFT_MSG_GETRULE, table.family, "list rules of \(table)") {
            $0.put(UInt16(NFTA_RULE_TABLE.rawValue), table.name)
        } decode: { message, rules in
            if let rule = Nftables.RuleEntry(message, of: table) { rules.append(rule) }
        }
    }

    /// A set in the kernel: one we can describe, or one of a kind we never write.
    enum FoundSet {
        case known(Nftables.SetDefinition)
        case foreign(String)
    }

    func sets(of table: Nftables.Table) throws(NetlinkError) -> Dump<FoundSet> {
        try dump(NFT_MSG_GETSET, table.family, "list sets of \(table)") {
            $0.put(UInt16(NFTA_SET_TABLE.rawValue), table.name)
        } decode: { message, sets in
            if let set = FoundSet(message, of: table) { sets.append(set) }
        }
    }

    /// All elements of a set or map, each once.
    /// - Throws: `.retry` when the kernel does not hold still.
    public func content(of set: String, in table: Nftables.Table) throws(NetlinkError) -> Nftables.SetContent {
        for attempt in 0..<10 {
            var found = Nftables.SetContent()
            var hasRepeated = false
            var dump = try elements(of: set, in: table)
            while let element = try dump.next() {
                switch element {
                case .plain(let element): if !found.elements.insert(element).inserted { hasRepeated = true }
                case .extended(let element):
                    found.hasExtended = true
                    if !found.elements.insert(element).inserted { hasRepeated = true }
                case .catchAll: found.hasCatchAll = true
                }
            }
            if !hasRepeated { return found }
            // The hash table grows in the background for some milliseconds after a large transaction
            usleep(5000 << UInt32(min(attempt, 5)))
        }
        throw NetlinkError(
            code: .retry, command: "list elements of \(table) \(set)", reason: "the set's hash table does not settle")
    }

    /// The elements of a set or map, as they come.
    ///
    /// The kernel goes on in a dump by counting. When it rehashes a set meanwhile (it does so in the
    /// background after many elements were added, the generation stays the same), as many elements are
    /// missing as others come twice. `content` reads until none does.
    public func elements(
        of set: String, in table: Nftables.Table
    ) throws(NetlinkError) -> Dump<Nftables.FoundElement> {
        try dump(NFT_MSG_GETSETELEM, table.family, "list elements of \(table) \(set)") {
            $0.put(UInt16(NFTA_SET_ELEM_LIST_TABLE.rawValue), table.name)
            $0.put(UInt16(NFTA_SET_ELEM_LIST_SET.rawValue), set)
        } decode: { message, elements in
            for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size)
            where attribute.type == UInt16(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) {
                for element in attribute.nested {
                    if let element = Nftables.FoundElement(element.nested) { elements.append(element) }
                }
            }
        }
    }

    /// The named counters of a table with their values.
    public func counters(of table: Nftables.Table) throws(NetlinkError) -> Dump<Nftables.Counter> {
        try dump(NFT_MSG_GETOBJ, table.family, "list counters of \(table)") {
            $0.put(UInt16(NFTA_OBJ_TABLE.rawValue), table.name)
            $0.put(UInt16(NFTA_OBJ_TYPE.rawValue), UInt32(NFT_OBJECT_COUNTER).bigEndian)
        } decode: { message, counters in
            if let counter = Nftables.Counter(message, of: table) { counters.append(counter) }
        }
    }
}

/// What objects and flowtables have in common: the first two attributes name the table and the object.
private struct NamedObject {
    var table = ""
    var name = ""
    var type: UInt32 = 0

    init(_ message: MessageView, type typeAttribute: UInt32?) {
        for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size) {
            switch UInt32(attribute.type) {
            case NFTA_OBJ_TABLE.rawValue: table = attribute.string
            case NFTA_OBJ_NAME.rawValue: name = attribute.string
            case let number where number == typeAttribute: type = attribute.bigEndian(UInt32.self) ?? 0
            default: break
            }
        }
    }

    func isOf(_ table: Nftables.Table, _ message: MessageView) -> Bool {
        self.table == table.name && message.isOf(table)
    }
}
