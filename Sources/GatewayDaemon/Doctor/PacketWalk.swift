import Netlink

/// Evaluates a base chain for one packet, as far as its rules are understood. An expression that is not (a set of
/// ranges, or one that has no meaning here) may match or not.
struct PacketWalk {
    enum Fate: Hashable {
        case passes
        /// By a rule of the chain, or by its policy.
        case dropped(by: String)
        /// Dropped, unless a rule matches whose outcome is not known.
        case unclear(by: String)
    }

    private let table: HostSnapshot.Table
    private let packet: SamplePacket
    private var mayPass = false

    private enum Match { case yes, no, maybe }

    private enum End {
        case accepted
        case dropped(String)
        /// The chain ended without a verdict.
        case returned
    }

    static func fate(of packet: SamplePacket, in chain: Nftables.Chain, of table: HostSnapshot.Table) -> Fate {
        var walk = PacketWalk(table: table, packet: packet)
        let end: String
        switch walk.run(chain.name, depth: 0) {
        case .accepted: return .passes
        case .dropped(let rule): end = rule
        case .returned:
            guard chain.hook?.policy == .drop else { return .passes }
            end = "its policy is drop, and no rule accepts them"
        }
        return walk.mayPass ? .unclear(by: end) : .dropped(by: end)
    }

    private init(table: HostSnapshot.Table, packet: SamplePacket) {
        self.table = table
        self.packet = packet
    }

    /// The kernel refuses deeper jumps.
    private static let deepest = 16

    private mutating func run(_ chain: String, depth: Int) -> End {
        guard depth < Self.deepest else { return .returned }
        for (number, rule) in (table.rules[chain] ?? []).enumerated() {
            let name = rule.comment.map { "\"\($0)\"" } ?? "\(number + 1)"
            switch run(rule, "rule \(name) of its chain \(chain) drops them", depth: depth) {
            case .returned?: return .returned
            case let end?: return end
            case nil: continue
            }
        }
        return .returned
    }

    /// The verdict of one rule; `nil`: the packet goes on to the next rule.
    private mutating func run(_ rule: Nftables.Rule, _ words: String, depth: Int) -> End? {
        var registers = Registers()
        var certainty = Match.yes
        for expression in rule.expressions {
            let verdict: Nftables.Verdict
            switch expression {
            case .verdict(let given): verdict = given
            case .lookupVerdict(let map, let key):
                guard let found = table.verdictMaps[map].map({ look($0, registers, key) }) ?? nil else {
                    certainty = .maybe
                    mayPass = true
                    return nil
                }
                guard let given = found.verdict else { return nil }
                verdict = given
            case .other("reject"), .xtablesTarget("REJECT"), .xtablesTarget("DROP"):
                verdict = .drop
            case .xtablesTarget(let name) where Self.goingOn.contains(name):
                continue
            case .xtablesTarget, .destinationNAT, .sourceNAT, .masquerade, .other("nat"), .other("redir"),
                .other("queue"),
                .other("tproxy"), .other("fwd"), .other("synproxy"):
                // The packet is translated, queued or redirected; it is not dropped here.
                if certainty == .yes { return .accepted }
                mayPass = true
                return nil
            default:
                switch match(expression, &registers) {
                case .no: return nil
                case .maybe: certainty = .maybe
                case .yes: break
                }
                continue
            }
            return conclude(verdict, certainty, words, depth: depth)
        }
        return nil
    }

    private mutating func conclude(
        _ verdict: Nftables.Verdict, _ certainty: Match, _ words: String, depth: Int
    ) -> End? {
        let end: End?
        switch verdict {
        case .accept: end = .accepted
        case .drop: end = .dropped(words)
        case .return: end = .returned
        case .jump(let chain):
            let inner = run(chain, depth: depth + 1)
            if case .returned = inner { end = nil } else { end = inner }
        case .goto(let chain): end = run(chain, depth: depth + 1)
        }
        guard certainty == .maybe else { return end }
        switch end {
        case .accepted, .returned: mayPass = true
        case .dropped, nil: break
        }
        return nil
    }

    /// Targets of iptables that continue with the next rule.
    private static let goingOn: Set<String> = [
        "AUDIT", "CHECKSUM", "CLASSIFY", "CONNMARK", "CONNSECMARK", "CT", "DSCP", "HL", "LOG", "MARK", "NFLOG",
        "NOTRACK",
        "SECMARK", "SET", "TCPMSS", "TEE", "TOS", "TRACE", "TTL",
    ]
    /// Statements that match every packet.
    private static let statements: Set<String> = ["counter", "log", "dup", "notrack", "objref", "last"]
    /// Expressions that load a value which is not known here into a register.
    private static let loads: Set<String> = [
        "ct", "meta", "payload", "fib", "rt", "socket", "hash", "numgen", "osf", "exthdr", "bitwise", "byteorder",
        "immediate", "tunnel", "xfrm", "inner",
    ]

    private func match(_ expression: Nftables.Expression, _ registers: inout Registers) -> Match {
        switch expression {
        case .loadMeta(let key, let register):
            registers.store(packet.meta(key), at: register)
            return .yes
        case .loadConnection(let key, let register):
            guard key == .state || packet.isTracked else { return .no }
            registers.store(packet.connection(key), at: register)
            if key == .status { registers.status = (register, packet.status) }
            return .yes
        case .loadPayload(let base, let offset, let length, let register):
            let header = packet.header(base)
            let bytes = (0..<Int(length)).map { index -> UInt8? in
                let place = Int(offset) + index
                return header.indices.contains(place) ? header[place] : nil
            }
            registers.store(bytes, at: register)
            return .yes
        case .bitwise(let source, let target, let mask, let xor):
            let bytes = registers.load(mask.count, at: source)
            let bits = registers.setBits(at: source)
            let result = mask.indices.map { index -> UInt8? in
                let flip = xor.indices.contains(index) ? xor[index] : 0
                if mask[index] == 0 { return flip }
                if bits.indices.contains(index), mask[index] & ~bits[index] == 0 { return mask[index] ^ flip }
                return bytes[index].map { $0 & mask[index] ^ flip }
            }
            registers.store(result, at: target)
            return .yes
        case .networkOrder(let register):
            let bytes = registers.load(4, at: register)
            registers.store(1.bigEndian == 1 ? bytes : bytes.reversed(), at: register)
            return .yes
        case .hash(_, _, let register, _, _):
            registers.store([nil, nil, nil, nil], at: register)
            return .yes
        case .compare(let register, let comparison, let bytes):
            return compare(registers.load(bytes.count, at: register), comparison, bytes)
        case .lookup(let set, let key, nil, let isInverted):
            guard let keys = table.sets[set], let length = keys.first?.count else {
                return table.sets[set] == nil ? .maybe : isInverted ? .yes : .no
            }
            let found = contains(keys, registers.load(length, at: key))
            switch found {
            case .maybe: return .maybe
            case .yes: return isInverted ? .no : .yes
            case .no: return isInverted ? .yes : .no
            }
        case .xtablesMatch("conntrack", let information): return conntrack(information)
        case .xtablesMatch("comment", _): return .yes
        case .loadOriginal(_, let register):
            guard packet.isTracked else { return .no }
            registers.store([nil, nil, nil, nil], at: register)
            return .yes
        case .setMeta, .setConnection, .log, .count: return .yes
        case .other(let name):
            if Self.statements.contains(name) { return .yes }
            guard Self.loads.contains(name) else { return .maybe }
            registers = Registers()
            return .yes
        case .lookup, .update, .limit, .destinationNAT, .sourceNAT, .masquerade, .xtablesMatch, .xtablesTarget,
            .verdict, .lookupVerdict:
            return .maybe
        }
    }

    private func compare(_ value: [UInt8?], _ comparison: Nftables.Comparison, _ bytes: [UInt8]) -> Match {
        // A known byte may differ even if others are unknown.
        let differs = zip(value, bytes).contains { known, byte in known.map { $0 != byte } ?? false }
        let isKnown = !value.contains { $0 == nil }
        switch comparison {
        case .equal: return differs ? .no : isKnown ? .yes : .maybe
        case .notEqual: return differs ? .yes : isKnown ? .no : .maybe
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard isKnown else { return .maybe }
            let value = value.compactMap(\.self)
            let isLess = value.lexicographicallyPrecedes(bytes)
            let isEqual = value == bytes
            let holds =
                switch comparison {
                case .less: isLess
                case .lessOrEqual: isLess || isEqual
                case .greater: !isLess && !isEqual
                default: !isLess
                }
            return holds ? .yes : .no
        }
    }

    private func contains(_ keys: Set<[UInt8]>, _ value: [UInt8?]) -> Match {
        if !value.contains(where: { $0 == nil }) { return keys.contains(value.compactMap(\.self)) ? .yes : .no }
        return keys.contains { compare(value, .equal, $0) != .no } ? .maybe : .no
    }

    /// The verdict for a key; `nil` if the key is not known.
    private func look(
        _ map: [[UInt8]: Nftables.Verdict], _ registers: Registers, _ key: Nftables.Register
    ) -> (verdict: Nftables.Verdict?, Void)? {
        guard let length = map.keys.first?.count else { return (nil, ()) }
        let value = registers.load(length, at: key)
        guard !value.contains(where: { $0 == nil }) else { return nil }
        return (map[value.compactMap(\.self)], ())
    }

    /// Evaluates `struct xt_conntrack_mtinfo3`, the form of `-m conntrack --ctstate` in a rule of iptables-nft.
    private func conntrack(_ information: [UInt8]) -> Match {
        guard information.count >= 152 else { return .maybe }
        func number(_ place: Int) -> UInt16 {
            information[place...].withUnsafeBytes { $0.loadUnaligned(as: UInt16.self) }
        }
        let (matched, inverted, states) = (number(146), number(148), number(150))
        // XT_CONNTRACK_STATE and nothing else. The state bits are those of nftables, except for "untracked".
        guard matched == 1 else { return .maybe }
        let state = packet.state == .untracked ? 1 << 8 : packet.state.rawValue
        let isIn = UInt32(states) & state != 0
        return isIn != (inverted & 1 == 1) ? .yes : .no
    }
}

/// The kernel's 64 bytes of registers. A byte is `nil` if its value is not known.
private struct Registers {
    private var bytes = [UInt8?](repeating: nil, count: 64)
    /// The register with a connection's status, of which some bits are known.
    var status: (register: Nftables.Register, bits: Nftables.ConnectionStatus)?

    /// The bits that are certainly set in a register whose value is not known, as bytes; empty if none are.
    func setBits(at register: Nftables.Register) -> [UInt8] {
        guard let status, status.register == register else { return [] }
        return withUnsafeBytes(of: status.bits.rawValue) { Array($0) }
    }

    mutating func store(_ value: [UInt8?], at register: Nftables.Register) {
        // Other values may overlap with it: after any of them the status must be loaded again.
        status = nil
        let start = register.slot * 4
        for (index, byte) in value.enumerated() where start + index < bytes.count { bytes[start + index] = byte }
        // A value is padded with zeros to a multiple of 4 bytes.
        for place in (start + value.count)..<(start + (value.count + 3) / 4 * 4) where place < bytes.count {
            bytes[place] = 0
        }
    }

    func load(_ count: Int, at register: Nftables.Register) -> [UInt8?] {
        (0..<count).map { index in
            let place = register.slot * 4 + index
            return place < bytes.count ? bytes[place] : nil
        }
    }
}
