import Netlink
import NetworkTypes

/// The fixed table of the gateway as a fixture: sets, maps, chains and rules as `fixtures/wire/gateway.nft`
/// writes them.
enum GatewayTable {
    typealias Field = Nftables.Field
    typealias Definition = Nftables.SetDefinition

    static let table = Nftables.Table(family: .inet, name: "portcullis")

    static let key4: [Nftables.DataType] = [.ipv4Address, .internetProtocol, .internetService]
    static let key6: [Nftables.DataType] = [.ipv6Address, .internetProtocol, .internetService]
    static let fields4: [Field] = [.destinationAddress(.ipv4), .transportProtocol, .destinationPort]
    static let fields6: [Field] = [.destinationAddress(.ipv6), .transportProtocol, .destinationPort]

    static let addresses4 = Definition(name: "addresses4", key: [.ipv4Address])
    static let addresses6 = Definition(name: "addresses6", key: [.ipv6Address])
    static let ports4 = Definition(name: "ports4", key: key4)
    static let ports6 = Definition(name: "ports6", key: key6)
    static let ranges4 = Definition(name: "ranges4", key: key4, isInterval: true)
    static let sources4 = Definition(name: "sources4", key: key4 + [.ipv4Address], isInterval: true)
    static let sources6 = Definition(name: "sources6", key: key6 + [.ipv6Address], isInterval: true)
    static let marks4 = Definition(name: "marks4", key: key4, data: [.mark], isInterval: true)
    static let dnat4 = Definition(name: "dnat4", key: key4, data: [.ipv4Address, .internetService])
    static let dnat6 = Definition(name: "dnat6", key: key6, data: [.ipv6Address, .internetService])

    static let sets = [
        addresses4, addresses6, ports4, ports6, ranges4, sources4, sources6, marks4, dnat4, dnat6,
    ]

    static let chains = [
        Nftables.Chain(name: "prerouting", hook: .init(.filter, .prerouting, priority: .mangle)),
        Nftables.Chain(name: "translate", hook: .init(.nat, .prerouting, priority: .destinationNAT)),
        Nftables.Chain(name: "input", hook: .init(.filter, .input, priority: .filter)),
        Nftables.Chain(name: "guard"),
    ]

    static let rules = [
        Nftables.Rule(in: "prerouting", .connectionDirection(.reply), .return),
        Nftables.Rule(in: "prerouting", .family(.ipv4), .setMark(fields4, from: "marks4")),
        Nftables.Rule(
            in: "translate", .family(.ipv4), .fields(fields4, in: "ports4"),
            .destinationNAT(.ipv4, fields4, from: "dnat4")),
        Nftables.Rule(
            in: "translate", .family(.ipv6), .fields(fields6, in: "ports6"),
            .destinationNAT(.ipv6, fields6, from: "dnat6")),
        Nftables.Rule(
            in: "input", .family(.ipv4), .fields([.destinationAddress(.ipv4)], in: "addresses4"), .jump("guard")),
        Nftables.Rule(
            in: "input", .family(.ipv6), .fields([.destinationAddress(.ipv6)], in: "addresses6"), .jump("guard")),
        Nftables.Rule(in: "guard", .connectionState([.established, .related]), .accept),
        Nftables.Rule(in: "guard", .transportProtocol(1), .accept),
        Nftables.Rule(in: "guard", .family(.ipv4), .fields(fields4, in: "ports4"), .accept),
        Nftables.Rule(
            in: "guard", .family(.ipv4), .fields(fields4 + [.sourceAddress(.ipv4)], in: "sources4"), .accept),
        Nftables.Rule(
            in: "guard", .family(.ipv6), .fields(fields6 + [.sourceAddress(.ipv6)], in: "sources6"), .accept),
        Nftables.Rule(in: "guard", .log(prefix: "portcullis: ", perSecond: 5, burst: 10)),
        Nftables.Rule(in: "guard", comment: "not exported", .count(on: "dropped"), .drop),
    ]

    static func address(_ text: String) -> IPAddress { IPAddress(text)! }

    static let elements: [(Definition, [Nftables.SetElement])] = {
        typealias Value = Nftables.SetValue
        let (a, b, six) = (address("198.51.100.36"), address("198.51.100.37"), address("2001:db8::36"))
        return [
            (addresses4, [.init(Value(a)), .init(Value(b))]),
            (addresses6, [.init(Value(six))]),
            (ports4, [.init(Value(a, .tcp, 80)), .init(Value(a, .tcp, 443))]),
            (ports6, [.init(Value(six, .tcp, 80))]),
            (
                ranges4,
                [
                    .init(Value(b, .tcp, 20000), to: Value(b, .tcp, 29999)),
                    .init(Value(b, .udp, 20000), to: Value(b, .udp, 29999)),
                ]
            ),
            (
                sources4,
                [.init(Value(b, .tcp, 22, address("10.0.0.0")), to: Value(b, .tcp, 22, address("10.255.255.255")))]
            ),
            (
                sources6,
                [
                    .init(
                        Value(six, .tcp, 22, address("fd00::")),
                        to: Value(six, .tcp, 22, address("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")))
                ]
            ),
            (
                marks4,
                [
                    .init(Value(b, .tcp, 20000), to: Value(b, .tcp, 29999), data: Value(mark: 257)),
                    .init(Value(b, .udp, 20000), to: Value(b, .udp, 29999), data: Value(mark: 257)),
                ]
            ),
            (dnat4, [.init(Value(a, .tcp, 8443), data: Value(address("10.1.0.11"), 443))]),
            (dnat6, [.init(Value(six, .tcp, 8443), data: Value(address("fd00::11"), 443))]),
        ]
    }()

    /// In the order nft sends it: chains, then objects and sets each with its elements, then rules.
    static var transaction: Nftables.Transaction {
        var transaction = Nftables.Transaction(on: table)
        transaction.addTable()
        for chain in chains { transaction.add(chain) }
        transaction.add(counter: "dropped")
        for (set, elements) in elements {
            transaction.add(set)
            transaction.add(elements: elements, to: set)
        }
        for rule in rules { transaction.add(rule) }
        return transaction
    }
}
