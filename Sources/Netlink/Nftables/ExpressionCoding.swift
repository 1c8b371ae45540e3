import CNetlink
import NetworkTypes

/// Expressions to libnftnl's objects and back.
extension NftnlObject {
    /// An expression, which a rule must take over; `nil` for `.other`, which cannot be written.
    static func make(_ expression: Nftables.Expression, setID: (String) -> UInt32?) -> OpaquePointer? {
        switch expression {
        case .loadMeta(let key, let register):
            return make("meta") {
                set($0, NFTNL_EXPR_META_KEY, key.rawValue)
                set($0, NFTNL_EXPR_META_DREG, register)
            }
        case .setMeta(let key, let register):
            return make("meta") {
                set($0, NFTNL_EXPR_META_KEY, key.rawValue)
                set($0, NFTNL_EXPR_META_SREG, register)
            }
        case .loadPayload(let base, let offset, let length, let register):
            return make("payload") {
                set($0, NFTNL_EXPR_PAYLOAD_DREG, register)
                set($0, NFTNL_EXPR_PAYLOAD_BASE, base.rawValue)
                set($0, NFTNL_EXPR_PAYLOAD_OFFSET, offset)
                set($0, NFTNL_EXPR_PAYLOAD_LEN, length)
            }
        case .loadConnection(let key, let register):
            return make("ct") {
                set($0, NFTNL_EXPR_CT_KEY, key.rawValue)
                set($0, NFTNL_EXPR_CT_DREG, register)
            }
        case .setConnection(let key, let register):
            return make("ct") {
                set($0, NFTNL_EXPR_CT_KEY, key.rawValue)
                set($0, NFTNL_EXPR_CT_SREG, register)
            }
        case .loadOriginal(let key, let register):
            return make("ct") {
                set($0, NFTNL_EXPR_CT_KEY, key.rawValue)
                set($0, NFTNL_EXPR_CT_DREG, register)
                nftnl_expr_set_u8($0, UInt16(NFTNL_EXPR_CT_DIR), originalDirection)
            }
        case .compare(let register, let comparison, let bytes):
            return make("cmp") {
                set($0, NFTNL_EXPR_CMP_SREG, register)
                set($0, NFTNL_EXPR_CMP_OP, comparison.rawValue)
                set($0, NFTNL_EXPR_CMP_DATA, bytes)
            }
        case .networkOrder(let register):
            return make("byteorder") {
                set($0, NFTNL_EXPR_BYTEORDER_SREG, register)
                set($0, NFTNL_EXPR_BYTEORDER_DREG, register)
                set($0, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON.rawValue)
                set($0, NFTNL_EXPR_BYTEORDER_LEN, 4 as UInt32)
                set($0, NFTNL_EXPR_BYTEORDER_SIZE, 4 as UInt32)
            }
        case .hash(let source, let length, let target, let modulus, let seed):
            return make("hash") {
                set($0, NFTNL_EXPR_HASH_SREG, source)
                set($0, NFTNL_EXPR_HASH_DREG, target)
                set($0, NFTNL_EXPR_HASH_LEN, length)
                set($0, NFTNL_EXPR_HASH_MODULUS, modulus)
                set($0, NFTNL_EXPR_HASH_SEED, seed)
                set($0, NFTNL_EXPR_HASH_TYPE, NFT_HASH_JENKINS.rawValue)
            }
        case .bitwise(let source, let target, let mask, let xor):
            return make("bitwise") {
                set($0, NFTNL_EXPR_BITWISE_SREG, source)
                set($0, NFTNL_EXPR_BITWISE_DREG, target)
                set($0, NFTNL_EXPR_BITWISE_LEN, UInt32(mask.count))
                set($0, NFTNL_EXPR_BITWISE_MASK, mask)
                set($0, NFTNL_EXPR_BITWISE_XOR, xor)
            }
        case .lookup(let name, let key, let data, let isInverted):
            return make("lookup") {
                set($0, NFTNL_EXPR_LOOKUP_SREG, key)
                if let data { set($0, NFTNL_EXPR_LOOKUP_DREG, data) }
                set($0, NFTNL_EXPR_LOOKUP_SET, name)
                if let id = setID(name) { set($0, NFTNL_EXPR_LOOKUP_SET_ID, id) }
                if isInverted { set($0, NFTNL_EXPR_LOOKUP_FLAGS, UInt32(NFT_LOOKUP_F_INV.rawValue)) }
            }
        case .lookupVerdict(let name, let key):
            return make("lookup") {
                set($0, NFTNL_EXPR_LOOKUP_SREG, key)
                set($0, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT.rawValue)
                set($0, NFTNL_EXPR_LOOKUP_SET, name)
                if let id = setID(name) { set($0, NFTNL_EXPR_LOOKUP_SET_ID, id) }
            }
        case .update(let name, let key, let statement):
            return make("dynset") {
                set($0, NFTNL_EXPR_DYNSET_SREG_KEY, key)
                set($0, NFTNL_EXPR_DYNSET_SET_NAME, name)
                if let id = setID(name) { set($0, NFTNL_EXPR_DYNSET_SET_ID, id) }
                set($0, NFTNL_EXPR_DYNSET_OP, statement.operation)
                // The object takes the statement over.
                nftnl_expr_set($0, UInt16(NFTNL_EXPR_DYNSET_EXPR), UnsafeRawPointer(make(statement)), 0)
            }
        case .limit(let rate, let seconds, let burst, let isOver):
            return limit(rate: rate, seconds: seconds, burst: burst, isOver: isOver)
        case .log(let prefix, let level):
            return make("log") {
                set($0, NFTNL_EXPR_LOG_PREFIX, prefix)
                if level != defaultLogLevel { set($0, NFTNL_EXPR_LOG_LEVEL, level) }
            }
        case .count(let counter):
            return make("objref") {
                set($0, NFTNL_EXPR_OBJREF_IMM_NAME, counter)
                set($0, NFTNL_EXPR_OBJREF_IMM_TYPE, UInt32(NFT_OBJECT_COUNTER))
            }
        case .verdict(let verdict):
            return make("immediate") {
                set($0, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT.rawValue)
                set($0, NFTNL_EXPR_IMM_VERDICT, UInt32(bitPattern: verdict.code))
                if let chain = verdict.chain { set($0, NFTNL_EXPR_IMM_CHAIN, chain) }
            }
        case .destinationNAT(let family, let address, let port):
            return make("nat") {
                set($0, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT.rawValue)
                set($0, NFTNL_EXPR_NAT_FAMILY, UInt32(family.rawValue))
                set($0, NFTNL_EXPR_NAT_REG_ADDR_MIN, address)
                if let port { set($0, NFTNL_EXPR_NAT_REG_PROTO_MIN, port) }
            }
        case .sourceNAT(let family, let address):
            return make("nat") {
                set($0, NFTNL_EXPR_NAT_TYPE, NFT_NAT_SNAT.rawValue)
                set($0, NFTNL_EXPR_NAT_FAMILY, UInt32(family.rawValue))
                set($0, NFTNL_EXPR_NAT_REG_ADDR_MIN, address)
            }
        case .masquerade:
            return make("masq") { _ in }
        case .xtablesMatch, .xtablesTarget, .other:
            return nil
        }
    }

    private static func make(_ statement: Nftables.ElementStatement) -> OpaquePointer {
        switch statement {
        case .limitOver(let rate, let seconds, let burst):
            limit(rate: rate, seconds: seconds, burst: burst, isOver: true)
        case .connectionsOver(let count):
            make("connlimit") {
                set($0, NFTNL_EXPR_CONNLIMIT_COUNT, count)
                set($0, NFTNL_EXPR_CONNLIMIT_FLAGS, UInt32(NFT_CONNLIMIT_F_INV.rawValue))
            }
        }
    }

    private static func limit(rate: UInt64, seconds: UInt64, burst: UInt32, isOver: Bool) -> OpaquePointer {
        make("limit") {
            nftnl_expr_set_u64($0, UInt16(NFTNL_EXPR_LIMIT_RATE), rate)
            nftnl_expr_set_u64($0, UInt16(NFTNL_EXPR_LIMIT_UNIT), seconds)
            set($0, NFTNL_EXPR_LIMIT_BURST, burst)
            set($0, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS.rawValue)
            set($0, NFTNL_EXPR_LIMIT_FLAGS, isOver ? UInt32(NFT_LIMIT_F_INV.rawValue) : 0)
        }
    }

    /// IP_CT_DIR_ORIGINAL
    private static let originalDirection: UInt8 = 0

    private static let defaultLogLevel: UInt32 = 4
    /// NFT_BITWISE_BOOL, which newer headers define as a macro: register & mask ^ xor
    private static let bitwiseBool: UInt32 = 0

    private static func make(_ name: String, _ body: (OpaquePointer) -> Void) -> OpaquePointer {
        let expression = nftnl_expr_alloc(name)!
        body(expression)
        return expression
    }

    private static func set(_ expression: OpaquePointer, _ attribute: Int, _ number: UInt32) {
        nftnl_expr_set_u32(expression, UInt16(attribute), number)
    }

    private static func set(_ expression: OpaquePointer, _ attribute: Int, _ number: Int32) {
        nftnl_expr_set_u32(expression, UInt16(attribute), UInt32(bitPattern: number))
    }

    private static func set(_ expression: OpaquePointer, _ attribute: Int, _ register: Nftables.Register) {
        nftnl_expr_set_u32(expression, UInt16(attribute), register.number)
    }

    private static func set(_ expression: OpaquePointer, _ attribute: Int, _ text: String) {
        nftnl_expr_set_str(expression, UInt16(attribute), text)
    }

    private static func set(_ expression: OpaquePointer, _ attribute: Int, _ bytes: [UInt8]) {
        nftnl_expr_set(expression, UInt16(attribute), bytes, UInt32(bytes.count))
    }

    // MARK: Reading

    /// The expressions of a rule message; `nil` if libnftnl cannot read it.
    static func expressions(of message: UnsafePointer<nlmsghdr>) -> [Nftables.Expression]? {
        let rule = nftnl_rule_alloc()!
        defer { nftnl_rule_free(rule) }
        guard nftnl_rule_nlmsg_parse(message, rule) >= 0, let iterator = nftnl_expr_iter_create(rule) else {
            return nil
        }
        defer { nftnl_expr_iter_destroy(iterator) }
        var expressions: [Nftables.Expression] = []
        while let expression = nftnl_expr_iter_next(iterator) { expressions.append(read(expression)) }
        return expressions
    }

    static func read(_ expression: OpaquePointer) -> Nftables.Expression {
        let name = text(expression, NFTNL_EXPR_NAME) ?? ""
        return known(expression, name) ?? .other(name)
    }

    /// `nil` for an expression of another kind, or with an attribute that the value cannot hold, so that a rule that
    /// has it is never taken for one of ours.
    private static func known(_ expression: OpaquePointer, _ name: String) -> Nftables.Expression? {
        switch name {
        case "meta": return meta(expression)
        case "payload":
            guard
                hasOnly(
                    expression, NFTNL_EXPR_PAYLOAD_DREG, NFTNL_EXPR_PAYLOAD_BASE, NFTNL_EXPR_PAYLOAD_OFFSET,
                    NFTNL_EXPR_PAYLOAD_LEN),
                let base = Nftables.PayloadBase(rawValue: number(expression, NFTNL_EXPR_PAYLOAD_BASE)),
                let register = register(expression, NFTNL_EXPR_PAYLOAD_DREG)
            else { return nil }
            return .loadPayload(
                base, offset: number(expression, NFTNL_EXPR_PAYLOAD_OFFSET),
                length: number(expression, NFTNL_EXPR_PAYLOAD_LEN), into: register)
        case "ct":
            return connection(expression)
        case "cmp":
            guard hasOnly(expression, NFTNL_EXPR_CMP_SREG, NFTNL_EXPR_CMP_OP, NFTNL_EXPR_CMP_DATA),
                let register = register(expression, NFTNL_EXPR_CMP_SREG),
                let comparison = Nftables.Comparison(rawValue: number(expression, NFTNL_EXPR_CMP_OP))
            else { return nil }
            return .compare(register, comparison, bytes(expression, NFTNL_EXPR_CMP_DATA))
        case "byteorder": return networkOrder(expression)
        case "hash": return hash(expression)
        case "bitwise": return bitwise(expression)
        case "lookup": return lookup(expression)
        case "dynset": return update(expression)
        case "limit": return limit(expression)
        case "log":
            // A group sends to a program instead of the kernel's log; flags log more of the packet.
            guard number(expression, NFTNL_EXPR_LOG_FLAGS) == 0,
                hasOnly(expression, NFTNL_EXPR_LOG_PREFIX, NFTNL_EXPR_LOG_LEVEL, NFTNL_EXPR_LOG_FLAGS)
            else { return nil }
            let hasLevel = nftnl_expr_is_set(expression, UInt16(NFTNL_EXPR_LOG_LEVEL))
            return .log(
                prefix: text(expression, NFTNL_EXPR_LOG_PREFIX) ?? "",
                level: hasLevel ? number(expression, NFTNL_EXPR_LOG_LEVEL) : defaultLogLevel)
        case "objref":
            guard number(expression, NFTNL_EXPR_OBJREF_IMM_TYPE) == UInt32(NFT_OBJECT_COUNTER),
                hasOnly(expression, NFTNL_EXPR_OBJREF_IMM_TYPE, NFTNL_EXPR_OBJREF_IMM_NAME)
            else { return nil }
            return text(expression, NFTNL_EXPR_OBJREF_IMM_NAME).map { .count(on: $0) }
        case "immediate": return verdict(expression).map { .verdict($0) }
        case "match":
            return text(expression, NFTNL_EXPR_MT_NAME).map { .xtablesMatch($0, bytes(expression, NFTNL_EXPR_MT_INFO)) }
        case "target":
            return text(expression, NFTNL_EXPR_TG_NAME).map { .xtablesTarget($0) }
        case "nat":
            return number(expression, NFTNL_EXPR_NAT_TYPE) == NFT_NAT_SNAT.rawValue
                ? sourceNAT(expression) : destinationNAT(expression)
        case "masq":
            guard number(expression, NFTNL_EXPR_MASQ_FLAGS) == 0, hasOnly(expression, NFTNL_EXPR_MASQ_FLAGS) else {
                return nil
            }
            return .masquerade
        default: return nil
        }
    }

    private static func meta(_ expression: OpaquePointer) -> Nftables.Expression? {
        guard let key = Nftables.MetaKey(rawValue: number(expression, NFTNL_EXPR_META_KEY)) else { return nil }
        if hasOnly(expression, NFTNL_EXPR_META_KEY, NFTNL_EXPR_META_SREG) {
            return register(expression, NFTNL_EXPR_META_SREG).map { .setMeta(key, from: $0) }
        }
        guard hasOnly(expression, NFTNL_EXPR_META_KEY, NFTNL_EXPR_META_DREG) else { return nil }
        return register(expression, NFTNL_EXPR_META_DREG).map { .loadMeta(key, into: $0) }
    }

    private static func connection(_ expression: OpaquePointer) -> Nftables.Expression? {
        let number = number(expression, NFTNL_EXPR_CT_KEY)
        if let key = Nftables.ConnectionKey(rawValue: number) {
            if hasOnly(expression, NFTNL_EXPR_CT_KEY, NFTNL_EXPR_CT_SREG) {
                return register(expression, NFTNL_EXPR_CT_SREG).map { .setConnection(key, from: $0) }
            }
            guard hasOnly(expression, NFTNL_EXPR_CT_KEY, NFTNL_EXPR_CT_DREG) else { return nil }
            return register(expression, NFTNL_EXPR_CT_DREG).map { .loadConnection(key, into: $0) }
        }
        guard let key = Nftables.OriginalKey(rawValue: number),
            hasOnly(expression, NFTNL_EXPR_CT_KEY, NFTNL_EXPR_CT_DREG, NFTNL_EXPR_CT_DIR),
            nftnl_expr_is_set(expression, UInt16(NFTNL_EXPR_CT_DIR)),
            nftnl_expr_get_u8(expression, UInt16(NFTNL_EXPR_CT_DIR)) == originalDirection
        else { return nil }
        return register(expression, NFTNL_EXPR_CT_DREG).map { .loadOriginal(key, into: $0) }
    }

    /// The kernel adds a timeout of 0, which means the set's, and flags of 0.
    private static func update(_ expression: OpaquePointer) -> Nftables.Expression? {
        guard
            hasOnly(
                expression, NFTNL_EXPR_DYNSET_SREG_KEY, NFTNL_EXPR_DYNSET_OP, NFTNL_EXPR_DYNSET_TIMEOUT,
                NFTNL_EXPR_DYNSET_SET_NAME, NFTNL_EXPR_DYNSET_SET_ID, NFTNL_EXPR_DYNSET_EXPR,
                NFTNL_EXPR_DYNSET_FLAGS),
            number(expression, NFTNL_EXPR_DYNSET_FLAGS) == 0,
            !nftnl_expr_is_set(expression, UInt16(NFTNL_EXPR_DYNSET_TIMEOUT))
                || nftnl_expr_get_u64(expression, UInt16(NFTNL_EXPR_DYNSET_TIMEOUT)) == 0,
            let key = register(expression, NFTNL_EXPR_DYNSET_SREG_KEY),
            let name = text(expression, NFTNL_EXPR_DYNSET_SET_NAME),
            let statement = statement(of: expression),
            number(expression, NFTNL_EXPR_DYNSET_OP) == statement.operation
        else { return nil }
        return .update(set: name, key: key, statement)
    }

    private static func statement(of expression: OpaquePointer) -> Nftables.ElementStatement? {
        var length: UInt32 = 0
        guard let pointer = nftnl_expr_get(expression, UInt16(NFTNL_EXPR_DYNSET_EXPR), &length) else { return nil }
        let inner = OpaquePointer(pointer)
        switch text(inner, NFTNL_EXPR_NAME) {
        case "limit":
            guard case .limit(let rate, let seconds, let burst, isOver: true)? = limit(inner) else { return nil }
            return .limitOver(rate: rate, seconds: seconds, burst: burst)
        case "connlimit":
            guard hasOnly(inner, NFTNL_EXPR_CONNLIMIT_COUNT, NFTNL_EXPR_CONNLIMIT_FLAGS),
                number(inner, NFTNL_EXPR_CONNLIMIT_FLAGS) == NFT_CONNLIMIT_F_INV.rawValue
            else { return nil }
            return .connectionsOver(number(inner, NFTNL_EXPR_CONNLIMIT_COUNT))
        default: return nil
        }
    }

    private static func limit(_ expression: OpaquePointer) -> Nftables.Expression? {
        let flags = number(expression, NFTNL_EXPR_LIMIT_FLAGS)
        let over = UInt32(NFT_LIMIT_F_INV.rawValue)
        guard number(expression, NFTNL_EXPR_LIMIT_TYPE) == NFT_LIMIT_PKTS.rawValue, flags == 0 || flags == over,
            hasOnly(
                expression, NFTNL_EXPR_LIMIT_RATE, NFTNL_EXPR_LIMIT_UNIT, NFTNL_EXPR_LIMIT_BURST,
                NFTNL_EXPR_LIMIT_TYPE, NFTNL_EXPR_LIMIT_FLAGS)
        else { return nil }
        return .limit(
            rate: nftnl_expr_get_u64(expression, UInt16(NFTNL_EXPR_LIMIT_RATE)),
            seconds: nftnl_expr_get_u64(expression, UInt16(NFTNL_EXPR_LIMIT_UNIT)),
            burst: number(expression, NFTNL_EXPR_LIMIT_BURST), isOver: flags == over)
    }

    private static func networkOrder(_ expression: OpaquePointer) -> Nftables.Expression? {
        guard
            hasOnly(
                expression, NFTNL_EXPR_BYTEORDER_SREG, NFTNL_EXPR_BYTEORDER_DREG, NFTNL_EXPR_BYTEORDER_OP,
                NFTNL_EXPR_BYTEORDER_LEN, NFTNL_EXPR_BYTEORDER_SIZE),
            number(expression, NFTNL_EXPR_BYTEORDER_OP) == NFT_BYTEORDER_HTON.rawValue,
            number(expression, NFTNL_EXPR_BYTEORDER_LEN) == 4, number(expression, NFTNL_EXPR_BYTEORDER_SIZE) == 4,
            let register = register(expression, NFTNL_EXPR_BYTEORDER_SREG),
            isSame(expression, NFTNL_EXPR_BYTEORDER_DREG, register)
        else { return nil }
        return .networkOrder(register)
    }

    /// Without a seed the kernel takes a random one, which no other machine has.
    private static func hash(_ expression: OpaquePointer) -> Nftables.Expression? {
        guard
            hasOnly(
                expression, NFTNL_EXPR_HASH_SREG, NFTNL_EXPR_HASH_DREG, NFTNL_EXPR_HASH_LEN, NFTNL_EXPR_HASH_MODULUS,
                NFTNL_EXPR_HASH_SEED, NFTNL_EXPR_HASH_OFFSET, NFTNL_EXPR_HASH_TYPE),
            number(expression, NFTNL_EXPR_HASH_TYPE) == NFT_HASH_JENKINS.rawValue,
            number(expression, NFTNL_EXPR_HASH_OFFSET) == 0,
            nftnl_expr_is_set(expression, UInt16(NFTNL_EXPR_HASH_SEED)),
            let source = register(expression, NFTNL_EXPR_HASH_SREG),
            let target = register(expression, NFTNL_EXPR_HASH_DREG)
        else { return nil }
        return .hash(
            from: source, length: number(expression, NFTNL_EXPR_HASH_LEN), into: target,
            modulus: number(expression, NFTNL_EXPR_HASH_MODULUS), seed: number(expression, NFTNL_EXPR_HASH_SEED))
    }

    private static func bitwise(_ expression: OpaquePointer) -> Nftables.Expression? {
        guard number(expression, NFTNL_EXPR_BITWISE_OP) == bitwiseBool,
            hasOnly(
                expression, NFTNL_EXPR_BITWISE_SREG, NFTNL_EXPR_BITWISE_DREG, NFTNL_EXPR_BITWISE_LEN,
                NFTNL_EXPR_BITWISE_MASK, NFTNL_EXPR_BITWISE_XOR, NFTNL_EXPR_BITWISE_OP),
            let source = register(expression, NFTNL_EXPR_BITWISE_SREG),
            let target = register(expression, NFTNL_EXPR_BITWISE_DREG)
        else { return nil }
        return .bitwise(
            from: source, into: target, mask: bytes(expression, NFTNL_EXPR_BITWISE_MASK),
            xor: bytes(expression, NFTNL_EXPR_BITWISE_XOR))
    }

    private static func lookup(_ expression: OpaquePointer) -> Nftables.Expression? {
        // The set's number is valid only inside one transaction.
        guard
            hasOnly(
                expression, NFTNL_EXPR_LOOKUP_SREG, NFTNL_EXPR_LOOKUP_DREG, NFTNL_EXPR_LOOKUP_SET,
                NFTNL_EXPR_LOOKUP_SET_ID, NFTNL_EXPR_LOOKUP_FLAGS),
            let key = register(expression, NFTNL_EXPR_LOOKUP_SREG), let set = text(expression, NFTNL_EXPR_LOOKUP_SET)
        else { return nil }
        let flags = number(expression, NFTNL_EXPR_LOOKUP_FLAGS)
        let inverted = UInt32(NFT_LOOKUP_F_INV.rawValue)
        guard flags == 0 || flags == inverted else { return nil }
        guard nftnl_expr_is_set(expression, UInt16(NFTNL_EXPR_LOOKUP_DREG)) else {
            return .lookup(set: set, key: key, isInverted: flags == inverted)
        }
        if number(expression, NFTNL_EXPR_LOOKUP_DREG) == NFT_REG_VERDICT.rawValue {
            return flags == 0 ? .lookupVerdict(map: set, key: key) : nil
        }
        return register(expression, NFTNL_EXPR_LOOKUP_DREG).map {
            .lookup(set: set, key: key, data: $0, isInverted: flags == inverted)
        }
    }

    private static func verdict(_ expression: OpaquePointer) -> Nftables.Verdict? {
        guard number(expression, NFTNL_EXPR_IMM_DREG) == NFT_REG_VERDICT.rawValue,
            hasOnly(expression, NFTNL_EXPR_IMM_DREG, NFTNL_EXPR_IMM_VERDICT, NFTNL_EXPR_IMM_CHAIN)
        else { return nil }
        let chain = text(expression, NFTNL_EXPR_IMM_CHAIN) ?? ""
        switch Int32(bitPattern: number(expression, NFTNL_EXPR_IMM_VERDICT)) {
        case NF_ACCEPT: return .accept
        case NF_DROP: return .drop
        case NFT_RETURN.rawValue: return .return
        case NFT_JUMP.rawValue: return .jump(chain)
        case NFT_GOTO.rawValue: return .goto(chain)
        default: return nil
        }
    }

    /// Source NAT to one address.
    private static func sourceNAT(_ expression: OpaquePointer) -> Nftables.Expression? {
        guard
            hasOnly(
                expression, NFTNL_EXPR_NAT_TYPE, NFTNL_EXPR_NAT_FAMILY, NFTNL_EXPR_NAT_FLAGS,
                NFTNL_EXPR_NAT_REG_ADDR_MIN, NFTNL_EXPR_NAT_REG_ADDR_MAX),
            let family = AddressFamily(
                rawValue: UInt8(truncatingIfNeeded: number(expression, NFTNL_EXPR_NAT_FAMILY))),
            let address = register(expression, NFTNL_EXPR_NAT_REG_ADDR_MIN),
            isSame(expression, NFTNL_EXPR_NAT_REG_ADDR_MAX, address),
            number(expression, NFTNL_EXPR_NAT_FLAGS) & ~UInt32(NF_NAT_RANGE_MAP_IPS) == 0
        else { return nil }
        return .sourceNAT(family, address: address)
    }

    /// Destination NAT to one address and optionally one port. The kernel repeats both as the ends of ranges, and its
    /// flags tell which are set.
    private static func destinationNAT(_ expression: OpaquePointer) -> Nftables.Expression? {
        let derived = UInt32(NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED)
        guard number(expression, NFTNL_EXPR_NAT_TYPE) == NFT_NAT_DNAT.rawValue,
            let family = AddressFamily(
                rawValue: UInt8(truncatingIfNeeded: number(expression, NFTNL_EXPR_NAT_FAMILY))),
            let address = register(expression, NFTNL_EXPR_NAT_REG_ADDR_MIN),
            hasOnly(
                expression, NFTNL_EXPR_NAT_TYPE, NFTNL_EXPR_NAT_FAMILY, NFTNL_EXPR_NAT_FLAGS,
                NFTNL_EXPR_NAT_REG_ADDR_MIN, NFTNL_EXPR_NAT_REG_ADDR_MAX, NFTNL_EXPR_NAT_REG_PROTO_MIN,
                NFTNL_EXPR_NAT_REG_PROTO_MAX),
            number(expression, NFTNL_EXPR_NAT_FLAGS) & ~derived == 0
        else { return nil }
        let port = register(expression, NFTNL_EXPR_NAT_REG_PROTO_MIN)
        guard isSame(expression, NFTNL_EXPR_NAT_REG_ADDR_MAX, address),
            isSame(expression, NFTNL_EXPR_NAT_REG_PROTO_MAX, port)
        else { return nil }
        return .destinationNAT(family, address: address, port: port)
    }

    /// Whether a register is absent or the given one.
    private static func isSame(_ expression: OpaquePointer, _ attribute: Int, _ other: Nftables.Register?) -> Bool {
        !nftnl_expr_is_set(expression, UInt16(attribute)) || register(expression, attribute) == other
    }

    /// Whether an expression has no attributes except the given ones. libnftnl records the attributes in 32 bits.
    private static func hasOnly(_ expression: OpaquePointer, _ attributes: Int...) -> Bool {
        (UInt16(NFTNL_EXPR_BASE)..<32).allSatisfy {
            attributes.contains(Int($0)) || !nftnl_expr_is_set(expression, $0)
        }
    }

    private static func number(_ expression: OpaquePointer, _ attribute: Int) -> UInt32 {
        nftnl_expr_is_set(expression, UInt16(attribute)) ? nftnl_expr_get_u32(expression, UInt16(attribute)) : 0
    }

    private static func register(_ expression: OpaquePointer, _ attribute: Int) -> Nftables.Register? {
        guard nftnl_expr_is_set(expression, UInt16(attribute)) else { return nil }
        return Nftables.Register(number: nftnl_expr_get_u32(expression, UInt16(attribute)))
    }

    private static func text(_ expression: OpaquePointer, _ attribute: Int) -> String? {
        nftnl_expr_get_str(expression, UInt16(attribute)).map { String(cString: $0) }
    }

    private static func bytes(_ expression: OpaquePointer, _ attribute: Int) -> [UInt8] {
        var length: UInt32 = 0
        guard let start = nftnl_expr_get(expression, UInt16(attribute), &length) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: Int(length)))
    }
}

extension Nftables.ElementStatement {
    /// `NFT_DYNSET_OP_*`: whether an element that is there gets its whole time again.
    fileprivate var operation: UInt32 {
        switch self {
        case .limitOver: NFT_DYNSET_OP_UPDATE.rawValue
        case .connectionsOver: NFT_DYNSET_OP_ADD.rawValue
        }
    }
}

extension Nftables.Verdict {
    /// The kernel's number.
    var code: Int32 {
        switch self {
        case .accept: NF_ACCEPT
        case .drop: NF_DROP
        case .return: NFT_RETURN.rawValue
        case .jump: NFT_JUMP.rawValue
        case .goto: NFT_GOTO.rawValue
        }
    }

    /// The chain to go to.
    var chain: String? {
        switch self {
        case .accept, .drop, .return: nil
        case .jump(let chain), .goto(let chain): chain
        }
    }
}
