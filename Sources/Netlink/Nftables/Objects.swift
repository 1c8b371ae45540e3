import CNetlink

/// libnftnl's objects for our values, each valid during a closure, and back.
enum NftnlObject {
    static func withTable(
        _ table: Nftables.Table, _ flags: Nftables.TableFlags?, _ body: (OpaquePointer) -> Void
    ) {
        let object = nftnl_table_alloc()!
        defer { nftnl_table_free(object) }
        nftnl_table_set_u32(object, UInt16(NFTNL_TABLE_FAMILY.rawValue), UInt32(table.family.rawValue))
        nftnl_table_set_str(object, UInt16(NFTNL_TABLE_NAME.rawValue), table.name)
        if let flags { nftnl_table_set_u32(object, UInt16(NFTNL_TABLE_FLAGS.rawValue), flags.rawValue) }
        body(object)
    }

    static func withChain(_ chain: Nftables.Chain, of table: Nftables.Table, _ body: (OpaquePointer) -> Void) {
        let object = nftnl_chain_alloc()!
        defer { nftnl_chain_free(object) }
        nftnl_chain_set_u32(object, UInt16(NFTNL_CHAIN_FAMILY.rawValue), UInt32(table.family.rawValue))
        nftnl_chain_set_str(object, UInt16(NFTNL_CHAIN_TABLE.rawValue), table.name)
        nftnl_chain_set_str(object, UInt16(NFTNL_CHAIN_NAME.rawValue), chain.name)
        if let hook = chain.hook {
            nftnl_chain_set_str(object, UInt16(NFTNL_CHAIN_TYPE.rawValue), hook.kind.rawValue)
            nftnl_chain_set_u32(object, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue), hook.point.rawValue)
            nftnl_chain_set_s32(object, UInt16(NFTNL_CHAIN_PRIO.rawValue), hook.priority.rawValue)
            nftnl_chain_set_u32(object, UInt16(NFTNL_CHAIN_POLICY.rawValue), hook.policy.rawValue)
        }
        body(object)
    }

    static func withSet(
        _ set: Nftables.SetDefinition, id: UInt32, of table: Nftables.Table, _ body: (OpaquePointer) -> Void
    ) {
        let object = nftnl_set_alloc()!
        defer { nftnl_set_free(object) }
        nftnl_set_set_u32(object, UInt16(NFTNL_SET_FAMILY.rawValue), UInt32(table.family.rawValue))
        nftnl_set_set_str(object, UInt16(NFTNL_SET_TABLE.rawValue), table.name)
        nftnl_set_set_str(object, UInt16(NFTNL_SET_NAME.rawValue), set.name)
        nftnl_set_set_u32(object, UInt16(NFTNL_SET_ID.rawValue), id)
        nftnl_set_set_u32(object, UInt16(NFTNL_SET_FLAGS.rawValue), set.flags)
        nftnl_set_set_u32(object, UInt16(NFTNL_SET_KEY_TYPE.rawValue), Nftables.DataType.number(of: set.key))
        nftnl_set_set_u32(object, UInt16(NFTNL_SET_KEY_LEN.rawValue), Nftables.SetDefinition.length(of: set.key))
        if set.isMap {
            nftnl_set_set_u32(object, UInt16(NFTNL_SET_DATA_TYPE.rawValue), Nftables.DataType.number(of: set.data))
            if set.data != [.verdict] {
                nftnl_set_set_u32(
                    object, UInt16(NFTNL_SET_DATA_LEN.rawValue), Nftables.SetDefinition.length(of: set.data))
            }
        }
        if let dynamic = set.dynamic {
            nftnl_set_set_u32(object, UInt16(NFTNL_SET_DESC_SIZE.rawValue), dynamic.size)
            if dynamic.timeout > 0 {
                nftnl_set_set_u64(object, UInt16(NFTNL_SET_TIMEOUT.rawValue), UInt64(dynamic.timeout) * 1_000)
            }
        }
        if set.isInterval {
            let lengths = set.key.map { UInt8($0.length) }
            nftnl_set_set_data(object, UInt16(NFTNL_SET_DESC_CONCAT.rawValue), lengths, UInt32(lengths.count))
        }
        let userData = NftablesUserData(set).bytes
        nftnl_set_set_data(object, UInt16(NFTNL_SET_USERDATA.rawValue), userData, UInt32(userData.count))
        body(object)
    }

    static func withCounter(_ name: String, of table: Nftables.Table, _ body: (OpaquePointer) -> Void) {
        let object = nftnl_obj_alloc()!
        defer { nftnl_obj_free(object) }
        nftnl_obj_set_u32(object, UInt16(NFTNL_OBJ_FAMILY), UInt32(table.family.rawValue))
        nftnl_obj_set_str(object, UInt16(NFTNL_OBJ_TABLE), table.name)
        nftnl_obj_set_str(object, UInt16(NFTNL_OBJ_NAME), name)
        nftnl_obj_set_u32(object, UInt16(NFTNL_OBJ_TYPE), UInt32(NFT_OBJECT_COUNTER))
        nftnl_obj_set_u64(object, UInt16(NFTNL_OBJ_CTR_PKTS), 0)
        nftnl_obj_set_u64(object, UInt16(NFTNL_OBJ_CTR_BYTES), 0)
        body(object)
    }

    /// - Parameter setID: the number of a set that the same transaction adds.
    static func withRule(
        _ rule: Nftables.Rule, of table: Nftables.Table, setID: (String) -> UInt32?, _ body: (OpaquePointer) -> Void
    ) {
        let object = nftnl_rule_alloc()!
        defer { nftnl_rule_free(object) }
        nftnl_rule_set_u32(object, UInt16(NFTNL_RULE_FAMILY.rawValue), UInt32(table.family.rawValue))
        nftnl_rule_set_str(object, UInt16(NFTNL_RULE_TABLE.rawValue), table.name)
        nftnl_rule_set_str(object, UInt16(NFTNL_RULE_CHAIN.rawValue), rule.chain)
        if let comment = rule.comment {
            let userData = NftablesUserData(comment: comment).bytes
            nftnl_rule_set_data(object, UInt16(NFTNL_RULE_USERDATA.rawValue), userData, UInt32(userData.count))
        }
        for expression in rule.expressions {
            if let expression = make(expression, setID: setID) { nftnl_rule_add_expr(object, expression) }
        }
        body(object)
    }

    /// The rule with a handle, or all rules of a chain.
    static func withRule(
        handle: UInt64?, in chain: String, of table: Nftables.Table, _ body: (OpaquePointer) -> Void
    ) {
        let object = nftnl_rule_alloc()!
        defer { nftnl_rule_free(object) }
        nftnl_rule_set_u32(object, UInt16(NFTNL_RULE_FAMILY.rawValue), UInt32(table.family.rawValue))
        nftnl_rule_set_str(object, UInt16(NFTNL_RULE_TABLE.rawValue), table.name)
        nftnl_rule_set_str(object, UInt16(NFTNL_RULE_CHAIN.rawValue), chain)
        if let handle { nftnl_rule_set_u64(object, UInt16(NFTNL_RULE_HANDLE.rawValue), handle) }
        body(object)
    }
}
