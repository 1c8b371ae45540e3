import CNetlink

/// A transaction as one datagram: the start of the batch, its messages, its end.
struct TransactionEncoder: ~Copyable {
    var buffer: MessageBuffer
    /// The offset and operation of each message, by sequence number from `firstSequence` on.
    private(set) var messages: [Message] = []
    private(set) var firstSequence: UInt32 = 0

    struct Message {
        let offset: Int
        let operation: Int
        /// The index of the message's first element within the operation.
        let firstElement: Int
    }

    private let table: Nftables.Table
    private let nextSequence: () -> UInt32
    private var setIDs: [String: UInt32] = [:]
    private var operation = 0

    /// Encodes a whole transaction.
    /// - Parameter generation: the kernel carries it out only if the ruleset is still of this generation.
    init(
        _ transaction: Nftables.Transaction, into buffer: consuming MessageBuffer, generation: UInt32? = nil,
        nextSequence: @escaping () -> UInt32
    ) {
        self.buffer = buffer
        table = transaction.table
        self.nextSequence = nextSequence
        for (index, operation) in transaction.operations.enumerated() {
            if case .addSet(let set) = operation { setIDs[set.name] = UInt32(index + 1) }
        }

        self.buffer.removeAll()
        firstSequence = begin(UInt16(NFNL_MSG_BATCH_BEGIN), generation: generation)
        for (index, operation) in transaction.operations.enumerated() {
            self.operation = index
            put(operation)
        }
        if let last = messages.last { self.buffer.insert(.ack, intoMessageAt: last.offset) }
        _ = begin(UInt16(NFNL_MSG_BATCH_END), generation: nil)
    }

    /// The sequence number of the last message, which asks for the acknowledgement.
    var lastSequence: UInt32 { firstSequence &+ UInt32(messages.count) }

    private mutating func begin(_ type: UInt16, generation: UInt32?) -> UInt32 {
        let sequence = nextSequence()
        buffer.message(type: type, flags: .request, sequence: sequence) { message in
            message.header(nfgenmsg(nfgen_family: 0, version: 0, res_id: UInt16(NFNL_SUBSYS_NFTABLES).bigEndian))
            if let generation { message.put(UInt16(NFNL_BATCH_GENID.rawValue), generation.bigEndian) }
        }
        return sequence
    }

    private mutating func put(_ operation: Nftables.Transaction.Operation) {
        switch operation {
        case .addTable(let flags): putTable(NFT_MSG_NEWTABLE, flags)
        case .deleteTable: putTable(NFT_MSG_DELTABLE)
        case .destroyTable:
            // NFT_MSG_DESTROYTABLE came with Linux 6.3; this pair works on all versions
            putTable(NFT_MSG_NEWTABLE)
            putTable(NFT_MSG_DELTABLE)
        case .addChain(let chain): putChain(chain, NFT_MSG_NEWCHAIN, .create)
        case .deleteChain(let chain): putChain(Nftables.Chain(name: chain), NFT_MSG_DELCHAIN)
        case .flushChain(let chain):
            NftnlObject.withRule(handle: nil, in: chain, of: table) { rule in
                putObject(NFT_MSG_DELRULE) { nftnl_rule_nlmsg_build_payload($0, rule) }
            }
        case .deleteRule(let chain, let handle):
            NftnlObject.withRule(handle: handle, in: chain, of: table) { rule in
                putObject(NFT_MSG_DELRULE) { nftnl_rule_nlmsg_build_payload($0, rule) }
            }
        case .addRule(let rule):
            let ids = setIDs
            NftnlObject.withRule(rule, of: table, setID: { ids[$0] }) { rule in
                putObject(NFT_MSG_NEWRULE, [.create, .append]) { nftnl_rule_nlmsg_build_payload($0, rule) }
            }
        case .addSet(let set):
            NftnlObject.withSet(set, id: setIDs[set.name] ?? 0, of: table) { set in
                putObject(NFT_MSG_NEWSET, .create) { nftnl_set_nlmsg_build_payload($0, set) }
            }
        case .deleteSet(let set): putSetName(set, NFT_MSG_DELSET)
        case .flushSet(let set): putSetName(set, NFT_MSG_DELSETELEM)
        case .addCounter(let counter):
            NftnlObject.withCounter(counter, of: table) { counter in
                putObject(NFT_MSG_NEWOBJ, .create) { nftnl_obj_nlmsg_build_payload($0, counter) }
            }
        case .deleteCounter(let counter):
            putMessage(NFT_MSG_DELOBJ, []) { message, table in
                message.put(UInt16(NFTA_OBJ_TABLE.rawValue), table.name)
                message.put(UInt16(NFTA_OBJ_NAME.rawValue), counter)
                message.put(UInt16(NFTA_OBJ_TYPE.rawValue), UInt32(NFT_OBJECT_COUNTER).bigEndian)
            }
        case .addElements(let elements, let set): putElements(elements, set, NFT_MSG_NEWSETELEM, .create)
        case .deleteElements(let elements, let set): putElements(elements, set, NFT_MSG_DELSETELEM, [])
        }
    }

    // MARK: Objects, by libnftnl

    /// More than the largest message of an object needs: a rule of a hundred expressions takes 8 KiB.
    private static let objectRoom = 1 << 16

    /// - Parameter flags: `nil` leaves the flags of an existing table unchanged.
    private mutating func putTable(_ type: nf_tables_msg_types, _ flags: Nftables.TableFlags? = nil) {
        NftnlObject.withTable(table, flags) { table in
            putObject(type) { nftnl_table_nlmsg_build_payload($0, table) }
        }
    }

    private mutating func putChain(_ chain: Nftables.Chain, _ type: nf_tables_msg_types, _ flags: MessageFlags = []) {
        NftnlObject.withChain(chain, of: table) { chain in
            putObject(type, flags) { nftnl_chain_nlmsg_build_payload($0, chain) }
        }
    }

    private mutating func putObject(
        _ type: nf_tables_msg_types, _ flags: MessageFlags = [], _ body: (UnsafeMutablePointer<nlmsghdr>) -> Void
    ) {
        note()
        let sequence = nextSequence()
        let family = UInt16(table.family.rawValue)
        buffer.message(room: Self.objectRoom) { start in
            let message = nftnl_nlmsg_build_hdr(start, UInt16(type.rawValue), family, flags.rawValue, sequence)!
            body(message)
            return message
        }
    }

    private mutating func note(firstElement: Int = 0) {
        messages.append(Message(offset: buffer.count, operation: operation, firstElement: firstElement))
    }

    // MARK: Names and elements, straight into the buffer

    private mutating func putMessage(
        _ type: nf_tables_msg_types, _ flags: MessageFlags, firstElement: Int = 0,
        _ body: (inout MessageBuffer, Nftables.Table) -> Void
    ) {
        note(firstElement: firstElement)
        let sequence = nextSequence()
        let table = table
        buffer.message(
            type: cnl_nft_type(UInt16(type.rawValue)), flags: flags.union(.request), sequence: sequence
        ) { message in
            message.header(nfgenmsg(nfgen_family: table.family.rawValue, version: UInt8(NFNETLINK_V0), res_id: 0))
            body(&message, table)
        }
    }

    private mutating func putSetName(_ set: String, _ type: nf_tables_msg_types) {
        putMessage(type, []) { message, table in
            message.put(UInt16(NFTA_SET_TABLE.rawValue), table.name)
            message.put(UInt16(NFTA_SET_NAME.rawValue), set)
        }
    }

    /// The greatest number of bytes of elements in one message, since the length of a nested attribute has 16 bits.
    static let elementListLimit = 65_000

    /// Writes elements. They can be by far the largest part of a transaction, so they are written without a libnftnl
    /// object for each, in the layout that the library uses.
    private mutating func putElements(
        _ elements: [Nftables.SetElement], _ set: Nftables.SetDefinition, _ type: nf_tables_msg_types,
        _ flags: MessageFlags
    ) {
        let id = setIDs[set.name]
        var next = 0
        while next < elements.count {
            let first = next
            putMessage(type, flags, firstElement: first) { message, table in
                message.put(UInt16(NFTA_SET_ELEM_LIST_TABLE.rawValue), table.name)
                message.put(UInt16(NFTA_SET_ELEM_LIST_SET.rawValue), set.name)
                if let id { message.put(UInt16(NFTA_SET_ELEM_LIST_SET_ID.rawValue), id.bigEndian) }
                message.nest(UInt16(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue), flagged: true) { list in
                    let start = list.count
                    repeat {
                        // libnftnl numbers the elements; the kernel ignores the numbers
                        list.put(elements[next], number: UInt16(next - first + 1), isInterval: set.isInterval)
                        next += 1
                    } while next < elements.count && list.count - start < Self.elementListLimit
                }
            }
        }
    }
}

extension MessageBuffer {
    @inline(__always)
    fileprivate mutating func put(_ element: Nftables.SetElement, number: UInt16, isInterval: Bool) {
        nest(number, flagged: true) { attributes in
            attributes.put(UInt16(NFTA_SET_ELEM_KEY.rawValue), element.key)
            // In a set of intervals, nft would read an element without an end as the start of the next one
            if let keyEnd = element.keyEnd ?? (isInterval ? element.key : nil) {
                attributes.put(UInt16(NFTA_SET_ELEM_KEY_END.rawValue), keyEnd)
            }
            if let data = element.data { attributes.put(UInt16(NFTA_SET_ELEM_DATA.rawValue), data) }
            if let verdict = element.verdict { attributes.put(UInt16(NFTA_SET_ELEM_DATA.rawValue), verdict) }
        }
    }

    private mutating func put(_ type: UInt16, _ verdict: Nftables.Verdict) {
        nest(type, flagged: true) { data in
            data.nest(UInt16(NFTA_DATA_VERDICT.rawValue), flagged: true) { parts in
                parts.put(UInt16(NFTA_VERDICT_CODE.rawValue), UInt32(bitPattern: verdict.code).bigEndian)
                if let chain = verdict.chain { parts.put(UInt16(NFTA_VERDICT_CHAIN.rawValue), chain) }
            }
        }
    }

    @inline(__always)
    private mutating func put(_ type: UInt16, _ value: Nftables.SetValue) {
        nest(type, flagged: true) { data in
            value.withBytes { data.put(UInt16(NFTA_DATA_VALUE.rawValue), bytes: $0) }
        }
    }
}
