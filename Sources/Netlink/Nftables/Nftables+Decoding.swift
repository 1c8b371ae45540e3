import CNetlink

/// Messages to values. A message of another table, or of an unknown form, gives `nil`.
extension Nftables.Chain {
    init?(_ message: MessageView, of table: Nftables.Table) {
        var owner: String?
        var name: String?
        var kind: String?
        var point: UInt32?
        var priority: UInt32 = 0
        var policy: UInt32?
        var flags: UInt32 = 0
        for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size) {
            switch Int(attribute.type) {
            case Int(NFTA_CHAIN_TABLE.rawValue): owner = attribute.string
            case Int(NFTA_CHAIN_NAME.rawValue): name = attribute.string
            case Int(NFTA_CHAIN_TYPE.rawValue): kind = attribute.string
            case Int(NFTA_CHAIN_POLICY.rawValue): policy = attribute.bigEndian(UInt32.self)
            case Int(NFTA_CHAIN_FLAGS.rawValue): flags = attribute.bigEndian(UInt32.self) ?? 0
            case Int(NFTA_CHAIN_HOOK.rawValue):
                for attribute in attribute.nested {
                    switch Int(attribute.type) {
                    case Int(NFTA_HOOK_HOOKNUM.rawValue): point = attribute.bigEndian(UInt32.self)
                    case Int(NFTA_HOOK_PRIORITY.rawValue): priority = attribute.bigEndian(UInt32.self) ?? 0
                    default: break
                    }
                }
            default: break
            }
        }
        guard let name, owner == table.name, message.isOf(table) else { return nil }
        self.init(name: name)
        isBound = flags & NFT_CHAIN_BINDING.rawValue != 0
        if let kind = kind.flatMap(Nftables.Hook.Kind.init(rawValue:)),
            let point = point.flatMap(Nftables.Hook.Point.init(rawValue:))
        {
            hook = Nftables.Hook(
                kind, point, priority: .init(rawValue: Int32(bitPattern: priority)),
                policy: policy.flatMap(Nftables.Hook.Policy.init(rawValue:)) ?? .accept)
        }
    }
}

extension Nftables.RuleEntry {
    init?(_ message: MessageView, of table: Nftables.Table) {
        var owner: String?
        var chain: String?
        var handle: UInt64 = 0
        var comment: String?
        for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size) {
            switch Int(attribute.type) {
            case Int(NFTA_RULE_TABLE.rawValue): owner = attribute.string
            case Int(NFTA_RULE_CHAIN.rawValue): chain = attribute.string
            case Int(NFTA_RULE_HANDLE.rawValue): handle = attribute.bigEndian(UInt64.self) ?? 0
            case Int(NFTA_RULE_USERDATA.rawValue): comment = NftablesUserData.comment(in: attribute.payload)
            default: break
            }
        }
        guard let chain, owner == table.name, message.isOf(table), let pointer = message.pointer else { return nil }
        let expressions = NftnlObject.expressions(of: pointer) ?? [.other("unreadable")]
        rule = Nftables.Rule(in: chain, expressions, comment: comment)
        self.handle = handle
    }
}

extension Nftables.Connection.FoundSet {
    init?(_ message: MessageView, of table: Nftables.Table) {
        var owner: String?
        var name: String?
        var flags: UInt32 = 0
        var keyType: UInt32 = 0
        var dataType: UInt32 = 0
        var size: UInt32 = 0
        var timeout: UInt64 = 0
        for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size) {
            switch Int(attribute.type) {
            case Int(NFTA_SET_TABLE.rawValue): owner = attribute.string
            case Int(NFTA_SET_NAME.rawValue): name = attribute.string
            case Int(NFTA_SET_FLAGS.rawValue): flags = attribute.bigEndian(UInt32.self) ?? 0
            case Int(NFTA_SET_KEY_TYPE.rawValue): keyType = attribute.bigEndian(UInt32.self) ?? 0
            case Int(NFTA_SET_DATA_TYPE.rawValue): dataType = attribute.bigEndian(UInt32.self) ?? 0
            case Int(NFTA_SET_TIMEOUT.rawValue): timeout = attribute.bigEndian(UInt64.self) ?? 0
            case Int(NFTA_SET_DESC.rawValue):
                for attribute in attribute.nested where attribute.type == UInt16(NFTA_SET_DESC_SIZE.rawValue) {
                    size = attribute.bigEndian(UInt32.self) ?? 0
                }
            default: break
            }
        }
        guard let name, owner == table.name, message.isOf(table) else { return nil }
        let isInterval = flags & NFT_SET_INTERVAL.rawValue != 0
        guard let key = Nftables.DataType.fields(of: keyType), !key.isEmpty, key.count > 1 || !isInterval,
            let data = Nftables.DataType.fields(of: dataType), data.isEmpty == (flags & NFT_SET_MAP.rawValue == 0)
        else {
            self = .foreign(name)
            return
        }
        let seconds = UInt32(exactly: timeout / 1_000) ?? 0
        let set = Nftables.SetDefinition(
            name: name, key: key, data: data, isInterval: isInterval,
            dynamic: flags & NFT_SET_EVAL.rawValue != 0 ? .init(size: size, timeout: seconds) : nil)
        let isWhole = timeout == UInt64(seconds) * 1_000 && (timeout == 0 || set.dynamic != nil)
        self = set.flags == flags && isWhole ? .known(set) : .foreign(name)
    }
}

extension Nftables.FoundElement {
    init?(_ attributes: AttributeSequence) {
        var key: Nftables.SetValue?
        var keyEnd: Nftables.SetValue?
        var data: Nftables.SetValue?
        var verdict: Nftables.Verdict?
        var flags: UInt32 = 0
        var isExtended = false
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case NFTA_SET_ELEM_KEY.rawValue: key = Nftables.SetValue(data: attribute)
            case NFTA_SET_ELEM_KEY_END.rawValue: keyEnd = Nftables.SetValue(data: attribute)
            case NFTA_SET_ELEM_DATA.rawValue:
                data = Nftables.SetValue(data: attribute)
                for attribute in attribute.nested where attribute.type == UInt16(NFTA_DATA_VERDICT.rawValue) {
                    verdict = Nftables.Verdict(attribute.nested)
                }
            case NFTA_SET_ELEM_FLAGS.rawValue: flags = attribute.bigEndian(UInt32.self) ?? 0
            case NFTA_SET_ELEM_USERDATA.rawValue, NFTA_SET_ELEM_PAD.rawValue: break
            default: isExtended = true
            }
        }
        if flags & NFT_SET_ELEM_CATCHALL.rawValue != 0 {
            self = .catchAll
            return
        }
        guard let key else { return nil }
        let element = Nftables.SetElement(key, to: keyEnd, data: data, verdict: verdict)
        self = isExtended || flags != 0 ? .extended(element) : .plain(element)
    }
}

extension Nftables.SetValue {
    /// `NFTA_DATA_VALUE` inside an attribute.
    fileprivate init?(data attribute: AttributeView) {
        for attribute in attribute.nested where attribute.type == UInt16(NFTA_DATA_VALUE.rawValue) {
            self.init(bytes: attribute.payload)
            return
        }
        return nil
    }
}

extension Nftables.Counter {
    init?(_ message: MessageView, of table: Nftables.Table) {
        var owner: String?
        var name: String?
        var type: UInt32?
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
        for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size) {
            switch Int(attribute.type) {
            case Int(NFTA_OBJ_TABLE.rawValue): owner = attribute.string
            case Int(NFTA_OBJ_NAME.rawValue): name = attribute.string
            case Int(NFTA_OBJ_TYPE.rawValue): type = attribute.bigEndian(UInt32.self)
            case Int(NFTA_OBJ_DATA.rawValue):
                for attribute in attribute.nested {
                    switch Int(attribute.type) {
                    case Int(NFTA_COUNTER_PACKETS.rawValue): packets = attribute.bigEndian(UInt64.self) ?? 0
                    case Int(NFTA_COUNTER_BYTES.rawValue): bytes = attribute.bigEndian(UInt64.self) ?? 0
                    default: break
                    }
                }
            default: break
            }
        }
        guard let name, owner == table.name, message.isOf(table), type == UInt32(NFT_OBJECT_COUNTER) else { return nil }
        self.init(name: name, packets: packets, bytes: bytes)
    }
}

extension MessageView {
    /// Whether an nfnetlink message is of the table's family.
    func isOf(_ table: Nftables.Table) -> Bool {
        familyHeader(nfgenmsg.self)?.nfgen_family == table.family.rawValue
    }
}
