import CNetlink
import NetworkTypes
import TestSupport
import Testing

@testable import Netlink

@Suite("nftables messages, there and back")
struct NftablesRoundTripTests {
    private let table = Nftables.Table(family: .inet, name: "portcullis")

    /// The messages of a transaction, without the batch's start and end.
    private func encode(_ transaction: Nftables.Transaction) -> TransactionEncoder {
        var sequence: UInt32 = 0
        return TransactionEncoder(transaction, into: MessageBuffer()) {
            sequence += 1
            return sequence
        }
    }

    private func message(_ encoder: borrowing TransactionEncoder, _ place: Int) throws -> MessageView {
        try #require(MessageView(in: encoder.buffer.bytes, at: encoder.messages[place].offset))
    }

    @Test("a rule of any expressions decodes to what was encoded", arguments: 0..<300 as Range<UInt64>)
    func rule(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let expressions = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
            Nftables.Expression.random(using: &generator)
        }
        let rule = Nftables.Rule(in: "input", expressions, comment: seed % 2 == 0 ? nil : "why \(seed)")
        var transaction = Nftables.Transaction(on: table)
        transaction.add(rule)
        let encoder = encode(transaction)
        let entry = try #require(Nftables.RuleEntry(try message(encoder, 0), of: table))
        #expect(entry.rule.expressions == rule.expressions)
        #expect(entry.rule == rule)
    }

    /// A rule of one expression of ours with an attribute more, through the bytes of a message.
    private func reread(_ expression: Nftables.Expression, _ attribute: Int, _ value: Extra) throws -> Nftables.Rule {
        let object = try #require(NftnlObject.make(expression) { _ in nil })
        switch value {
        case .u16(let number): nftnl_expr_set_u16(object, UInt16(attribute), number)
        case .u32(let number): nftnl_expr_set_u32(object, UInt16(attribute), number)
        case .text(let text): nftnl_expr_set_str(object, UInt16(attribute), text)
        }
        let rule = try #require(nftnl_rule_alloc())
        defer { nftnl_rule_free(rule) }
        nftnl_rule_set_str(rule, UInt16(NFTNL_RULE_TABLE.rawValue), table.name)
        nftnl_rule_set_str(rule, UInt16(NFTNL_RULE_CHAIN.rawValue), "input")
        nftnl_rule_add_expr(rule, object)
        return try withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 8) { bytes in
            let type = cnl_nft_type(UInt16(NFT_MSG_NEWRULE.rawValue))
            let header = try #require(
                nftnl_nlmsg_build_hdr(bytes.baseAddress, type, UInt16(table.family.rawValue), 0, 1))
            nftnl_rule_nlmsg_build_payload(header, rule)
            let message = try #require(MessageView(in: UnsafeRawBufferPointer(bytes), at: 0))
            return try #require(Nftables.RuleEntry(message, of: table)).rule
        }
    }

    enum Extra: Sendable {
        case u16(UInt16)
        case u32(UInt32)
        case text(String)
    }

    private static let translation = Nftables.Expression.destinationNAT(.ipv4, address: 0, port: 1)

    private static let meter = Nftables.Expression.update(
        set: "meter", key: 0, .limitOver(rate: 100, seconds: 1, burst: 200))

    /// What somebody may add to an expression of ours, and the expression's name in the kernel.
    private static let additions: [(Nftables.Expression, Int, Extra, String)] = [
        (.log(prefix: "portcullis: "), NFTNL_EXPR_LOG_GROUP, .u16(0), "log"),
        (.log(prefix: "portcullis: "), NFTNL_EXPR_LOG_SNAPLEN, .u32(64), "log"),
        (.log(prefix: "portcullis: "), NFTNL_EXPR_LOG_QTHRESHOLD, .u16(5), "log"),
        (.log(prefix: "portcullis: "), NFTNL_EXPR_LOG_FLAGS, .u32(2), "log"),
        (translation, NFTNL_EXPR_NAT_FLAGS, .u32(UInt32(NF_NAT_RANGE_PERSISTENT)), "nat"),
        (translation, NFTNL_EXPR_NAT_REG_ADDR_MAX, .u32(NFT_REG32_02.rawValue), "nat"),
        (translation, NFTNL_EXPR_NAT_REG_PROTO_MAX, .u32(NFT_REG32_02.rawValue), "nat"),
        (.loadMeta(.mark, into: 0), NFTNL_EXPR_META_SREG, .u32(NFT_REG_1.rawValue), "meta"),
        (.loadConnection(.state, into: 0), NFTNL_EXPR_CT_SREG, .u32(NFT_REG_1.rawValue), "ct"),
        (.lookup(set: "ports4", key: 0), NFTNL_EXPR_LOOKUP_FLAGS, .u32(2), "lookup"),
        (.lookupVerdict(map: "ports4", key: 0), NFTNL_EXPR_LOOKUP_FLAGS, .u32(1), "lookup"),
        (.limit(rate: 5, seconds: 1, burst: 10), NFTNL_EXPR_LIMIT_FLAGS, .u32(2), "limit"),
        (meter, NFTNL_EXPR_DYNSET_FLAGS, .u32(1), "dynset"),
        (meter, NFTNL_EXPR_DYNSET_OP, .u32(2), "dynset"),
        (.masquerade, NFTNL_EXPR_MASQ_FLAGS, .u32(1), "masq"),
        (.sourceNAT(.ipv4, address: 0), NFTNL_EXPR_NAT_FLAGS, .u32(UInt32(NF_NAT_RANGE_PROTO_RANDOM)), "nat"),
    ]

    @Test("an expression with something more in it is none of ours", arguments: additions.indices)
    func addition(index: Int) throws {
        let (expression, attribute, value, name) = Self.additions[index]
        #expect(try reread(expression, attribute, value).expressions == [.other(name)])
    }

    @Test("what the kernel adds to destination NAT by itself changes nothing")
    func derived() throws {
        let ours = Self.translation
        #expect(try reread(ours, NFTNL_EXPR_NAT_FLAGS, .u32(3)).expressions == [ours])
        #expect(try reread(ours, NFTNL_EXPR_NAT_REG_ADDR_MAX, .u32(NFT_REG_1.rawValue)).expressions == [ours])
        let warning = Nftables.Expression.log(prefix: "portcullis: ")
        let debug = Nftables.Expression.log(prefix: "portcullis: ", level: 7)
        #expect(try reread(warning, NFTNL_EXPR_LOG_LEVEL, .u32(7)).expressions == [debug])
    }

    @Test("a set or map and its elements decode to what was encoded", arguments: 0..<300 as Range<UInt64>)
    func set(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let set = Nftables.SetDefinition.random("some", using: &generator)
        let elements = (0..<20).map { _ in set.randomElement(using: &generator) }
        var transaction = Nftables.Transaction(on: table)
        transaction.add(set)
        transaction.add(elements: elements, to: set)
        let encoder = encode(transaction)

        guard case .known(let found) = Nftables.Connection.FoundSet(try message(encoder, 0), of: table) else {
            Issue.record("\(set) was not recognised")
            return
        }
        #expect(found == set)
        #expect(Self.elements(try message(encoder, 1)) == elements.map { .plain($0) })
    }

    private static func elements(_ message: MessageView) -> [Nftables.FoundElement] {
        message.attributes(behind: MemoryLayout<nfgenmsg>.size)
            .filter { $0.type == UInt16(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) }
            .flatMap { $0.nested.compactMap { Nftables.FoundElement($0.nested) } }
    }

    @Test("chains decode to what was encoded")
    func chains() throws {
        let kinds = Nftables.Hook.Kind.allCases
        let chains =
            [Nftables.Chain(name: "plain")]
            + Nftables.Hook.Point.allCases.map { point in
                Nftables.Chain(
                    name: "at-\(point)",
                    hook: .init(
                        kinds[Int(point.rawValue) % kinds.count], point,
                        priority: .init(rawValue: Int32(point.rawValue) * 100 - 300),
                        policy: point == .forward ? .drop : .accept))
            }
        var transaction = Nftables.Transaction(on: table)
        for chain in chains { transaction.add(chain) }
        let encoder = encode(transaction)
        for (place, chain) in chains.enumerated() {
            #expect(Nftables.Chain(try message(encoder, place), of: table) == chain)
        }
    }

    @Test("many elements go in messages that each fit 64 KiB, in order and whole")
    func chunks() throws {
        let set = GatewayTable.sources6
        var generator = SeededGenerator(seed: 1)
        let elements = (0..<20_000).map { _ in set.randomElement(using: &generator) }
        var transaction = Nftables.Transaction(on: table)
        transaction.add(elements: elements, to: set)
        let encoder = encode(transaction)
        var found: [Nftables.FoundElement] = []
        for (place, note) in encoder.messages.enumerated() {
            #expect(note.firstElement == found.count)
            let message = try message(encoder, place)
            let list = message.attributes(behind: MemoryLayout<nfgenmsg>.size).first {
                $0.type == UInt16(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue)
            }
            #expect(try #require(list).payload.count < 1 << 16)
            found += Self.elements(message)
        }
        #expect(encoder.messages.count > 10)
        #expect(found == elements.map { .plain($0) })
    }

    @Test("a message of another table is passed over")
    func otherTable() throws {
        var transaction = Nftables.Transaction(on: table)
        transaction.add(Nftables.Chain(name: "input"))
        let encoder = encode(transaction)
        let message = try message(encoder, 0)
        #expect(Nftables.Chain(message, of: .init(family: .inet, name: "other")) == nil)
        #expect(Nftables.Chain(message, of: .init(family: .ip, name: "portcullis")) == nil)
    }

    @Test("elements and sets print as nft has them")
    func text() {
        let printed = GatewayTable.elements.flatMap { set, elements in
            ["\(set)"] + elements.map { "  " + $0.text(in: set) }
        }
        #expect(
            printed == [
                "set addresses4 { type ipv4_addr }",
                "  198.51.100.36",
                "  198.51.100.37",
                "set addresses6 { type ipv6_addr }",
                "  2001:db8::36",
                "set ports4 { type ipv4_addr . inet_proto . inet_service }",
                "  198.51.100.36 . tcp . 80",
                "  198.51.100.36 . tcp . 443",
                "set ports6 { type ipv6_addr . inet_proto . inet_service }",
                "  2001:db8::36 . tcp . 80",
                "set ranges4 { type ipv4_addr . inet_proto . inet_service; flags interval }",
                "  198.51.100.37 . tcp . 20000-29999",
                "  198.51.100.37 . udp . 20000-29999",
                "set sources4 { type ipv4_addr . inet_proto . inet_service . ipv4_addr; flags interval }",
                "  198.51.100.37 . tcp . 22 . 10.0.0.0-10.255.255.255",
                "set sources6 { type ipv6_addr . inet_proto . inet_service . ipv6_addr; flags interval }",
                "  2001:db8::36 . tcp . 22 . fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "map marks4 { type ipv4_addr . inet_proto . inet_service : mark; flags interval }",
                "  198.51.100.37 . tcp . 20000-29999 : 257",
                "  198.51.100.37 . udp . 20000-29999 : 257",
                "map dnat4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service }",
                "  198.51.100.36 . tcp . 8443 : 10.1.0.11 . 443",
                "map dnat6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service }",
                "  2001:db8::36 . tcp . 8443 : fd00::11 . 443",
            ])
    }
}
