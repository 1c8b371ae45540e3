import CNetlink
import Glibc
import SystemPackage

extension Nftables {
    /// A rule with its handle, as the kernel lists it.
    public struct RuleEntry: Sendable, Hashable {
        public var rule: Rule
        /// The kernel's number of the rule, with which it can be deleted.
        public var handle: UInt64
    }

    /// A table that was read. Its chains, rules and sets can be compared with those that were written.
    public struct Snapshot: Sendable {
        public var table: Table
        public var flags: TableFlags = []
        /// The generation of the ruleset when the snapshot was taken.
        public var generation: UInt32
        public var chains: [Chain] = []
        /// All rules; those of one chain are in order.
        public var rules: [RuleEntry] = []
        /// Sets and maps whose types are known here.
        public var sets: [SetDefinition] = []
        /// Names of sets and maps of other kinds, which Portcullis never writes.
        public var foreignSets: [String] = []
        /// The elements of each of `sets` that is not dynamic.
        public var elements: [String: Set<SetElement>] = [:]
        /// Names of those of `sets` that have an element of a kind that Portcullis never writes: one for all other
        /// keys, or one with a timeout or a statement.
        public var setsWithForeignElements: [String] = []
        public var counters: [Counter] = []
        /// Names of flowtables and of objects other than counters, which Portcullis never writes.
        public var foreignObjects: [String] = []

        /// The rules of a chain, in order.
        public func rules(in chain: String) -> [Rule] { rules.lazy.map(\.rule).filter { $0.chain == chain } }
    }
}

extension Nftables.Connection {
    /// Reads a whole table; `nil` if there is none. If another program changes the ruleset meanwhile, the table is
    /// read again, up to `attempts` times.
    /// - Parameter elements: whether to read the elements of sets too.
    /// - Throws: `.retry` if the ruleset changed during every attempt.
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
                    for set in snapshot.sets where set.dynamic == nil {
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

    /// Whether the table exists.
    public func exists(_ table: Nftables.Table) throws(NetlinkError) -> Bool { try flags(of: table) != nil }

    /// The flags of a table; `nil` if it does not exist.
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

    /// The names of flowtables and of objects other than counters.
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

    /// Lists the chains of a table.
    public func chains(of table: Nftables.Table) throws(NetlinkError) -> Dump<Nftables.Chain> {
        // Kernels before 6.8 do not filter chains by table
        try dump(NFT_MSG_GETCHAIN, table.family, "list chains of \(table)", { _ in }) { message, chains in
            if let chain = Nftables.Chain(message, of: table) { chains.append(chain) }
        }
    }

    /// Lists the rules of a table, chain by chain, each in order.
    public func rules(of table: Nftables.Table) throws(NetlinkError) -> Dump<Nftables.RuleEntry> {
        try dump(NFT_MSG_GETRULE, table.family, "list rules of \(table)") {
            $0.put(UInt16(NFTA_RULE_TABLE.rawValue), table.name)
        } decode: { message, rules in
            if let rule = Nftables.RuleEntry(message, of: table) { rules.append(rule) }
        }
    }

    /// A set in the kernel: one that can be described here, or one of another kind.
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

    /// Reads all elements of a set or map, each once.
    /// - Throws: `.retry` if the set keeps changing.
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
            // The hash table grows in the background, for some milliseconds after a large transaction
            usleep(5000 << UInt32(min(attempt, 5)))
        }
        throw NetlinkError(
            code: .retry, command: "list elements of \(table) \(set)", reason: "the set's hash table does not settle")
    }

    /// Lists the elements of a set or map as the kernel sends them.
    ///
    /// The kernel continues a dump by counting elements. If it rehashes the set meanwhile, some elements are missing,
    /// and as many others come twice. It rehashes in the background after many elements were added, without a new
    /// generation. `content` therefore reads again until no element comes twice.
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

    /// Lists the named counters of a table with their values.
    public func counters(of table: Nftables.Table) throws(NetlinkError) -> Dump<Nftables.Counter> {
        try dump(NFT_MSG_GETOBJ, table.family, "list counters of \(table)") {
            $0.put(UInt16(NFTA_OBJ_TABLE.rawValue), table.name)
            $0.put(UInt16(NFTA_OBJ_TYPE.rawValue), UInt32(NFT_OBJECT_COUNTER).bigEndian)
        } decode: { message, counters in
            if let counter = Nftables.Counter(message, of: table) { counters.append(counter) }
        }
    }
}

/// The first two attributes of objects and flowtables: the names of the table and the object.
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
