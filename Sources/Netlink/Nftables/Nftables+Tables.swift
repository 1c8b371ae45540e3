import CNetlink

extension Nftables {
    /// A table with its flags.
    public struct TableEntry: Sendable, Hashable {
        public var table: Table
        public var flags: TableFlags
    }

    /// An element of a map of verdicts.
    public struct VerdictElement: Sendable, Hashable {
        public var key: SetValue
        public var verdict: Verdict
    }
}

extension Nftables.Connection {
    /// Lists all tables of all families.
    public func tables() throws(NetlinkError) -> Dump<Nftables.TableEntry> {
        try dump(NFT_MSG_GETTABLE, nil, "list tables", { _ in }) { message, tables in
            if let table = Nftables.TableEntry(message) { tables.append(table) }
        }
    }

    /// The elements of a map of verdicts; `nil` if it has ranges or a verdict for all other keys.
    public func plainVerdicts(
        of map: String, in table: Nftables.Table
    ) throws(NetlinkError) -> [Nftables.VerdictElement]? {
        var elements = [Nftables.VerdictElement]()
        var dump = try verdicts(of: map, in: table)
        while let element = try dump.next() {
            guard let element else { return nil }
            elements.append(element)
        }
        return elements
    }

    private func verdicts(
        of map: String, in table: Nftables.Table
    ) throws(NetlinkError) -> Dump<Nftables.VerdictElement?> {
        try dump(NFT_MSG_GETSETELEM, table.family, "list elements of \(table) \(map)") {
            $0.put(UInt16(NFTA_SET_ELEM_LIST_TABLE.rawValue), table.name)
            $0.put(UInt16(NFTA_SET_ELEM_LIST_SET.rawValue), map)
        } decode: { message, elements in
            for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size)
            where attribute.type == UInt16(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) {
                for element in attribute.nested {
                    elements.append(Nftables.VerdictElement(element.nested))
                }
            }
        }
    }

    /// Whether a set has single keys, and no ranges or data.
    public func isPlain(set name: String, in table: Nftables.Table) throws(NetlinkError) -> Bool {
        var isPlain = false
        try request(NFT_MSG_GETSET, table.family, "look for set \(table) \(name)") {
            $0.put(UInt16(NFTA_SET_TABLE.rawValue), table.name)
            $0.put(UInt16(NFTA_SET_NAME.rawValue), name)
        } onReply: { message in
            var flags: UInt32 = 0
            for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size)
            where attribute.type == UInt16(NFTA_SET_FLAGS.rawValue) {
                flags = attribute.bigEndian(UInt32.self) ?? 0
            }
            isPlain = flags & (NFT_SET_INTERVAL.rawValue | NFT_SET_MAP.rawValue) == 0
        }
        return isPlain
    }
}

extension Nftables.TableEntry {
    /// `nil` for an unknown family.
    init?(_ message: MessageView) {
        guard let header = message.familyHeader(nfgenmsg.self),
            let family = Nftables.Family(rawValue: header.nfgen_family)
        else { return nil }
        var name: String?
        var flags: Nftables.TableFlags = []
        for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size) {
            switch Int(attribute.type) {
            case Int(NFTA_TABLE_NAME.rawValue): name = attribute.string
            case Int(NFTA_TABLE_FLAGS.rawValue): flags = .init(rawValue: attribute.bigEndian(UInt32.self) ?? 0)
            default: break
            }
        }
        guard let name else { return nil }
        self.init(table: Nftables.Table(family: family, name: name), flags: flags)
    }
}

extension Nftables.VerdictElement {
    fileprivate init?(_ attributes: AttributeSequence) {
        var key: Nftables.SetValue?
        var verdict: Nftables.Verdict?
        for attribute in attributes {
            switch Int(attribute.type) {
            case Int(NFTA_SET_ELEM_KEY.rawValue):
                for value in attribute.nested where value.type == UInt16(NFTA_DATA_VALUE.rawValue) {
                    key = Nftables.SetValue(bytes: value.payload)
                }
            case Int(NFTA_SET_ELEM_DATA.rawValue):
                for value in attribute.nested where value.type == UInt16(NFTA_DATA_VERDICT.rawValue) {
                    verdict = Nftables.Verdict(value.nested)
                }
            case Int(NFTA_SET_ELEM_FLAGS.rawValue), Int(NFTA_SET_ELEM_KEY_END.rawValue):
                // The end of a range, or the element for all other keys.
                return nil
            default: break
            }
        }
        guard let key, let verdict else { return nil }
        self.init(key: key, verdict: verdict)
    }
}

extension Nftables.Verdict {
    init?(_ attributes: AttributeSequence) {
        var code: Int32?
        var chain = ""
        for attribute in attributes {
            switch Int(attribute.type) {
            case Int(NFTA_VERDICT_CODE.rawValue): code = attribute.bigEndian(UInt32.self).map { Int32(bitPattern: $0) }
            case Int(NFTA_VERDICT_CHAIN.rawValue): chain = attribute.string
            default: break
            }
        }
        switch code {
        case NF_ACCEPT: self = .accept
        case NF_DROP: self = .drop
        case NFT_RETURN.rawValue: self = .return
        case NFT_JUMP.rawValue: self = .jump(chain)
        case NFT_GOTO.rawValue: self = .goto(chain)
        default: return nil
        }
    }
}
