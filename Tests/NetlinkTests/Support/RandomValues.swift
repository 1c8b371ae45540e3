import Netlink
import NetworkTypes
import TestSupport

/// Values over their whole range, for round trips.
extension IPAddress {
    static func random(_ family: AddressFamily, using generator: inout SeededGenerator) -> IPAddress {
        family == .ipv4
            ? IPAddress(ipv4: .random(in: 0 ... .max, using: &generator))
            : IPAddress(
                ipv6High: .random(in: 0 ... .max, using: &generator), low: .random(in: 0 ... .max, using: &generator))
    }
}

extension IPVS.ServiceIdentity {
    static func random(using generator: inout SeededGenerator) -> Self {
        let family = AddressFamily.allCases.randomElement(using: &generator)!
        if Bool.random(using: &generator) { return .mark(.random(in: 1 ... .max, using: &generator), family) }
        return .address(
            .random(family, using: &generator), TransportProtocol.allCases.randomElement(using: &generator)!,
            port: .random(in: 0 ... .max, using: &generator))
    }
}

extension IPVS.ServiceSettings {
    static func random(_ family: AddressFamily, using generator: inout SeededGenerator) -> Self {
        let bits = UInt8.random(in: 0...UInt8(family.bitWidth), using: &generator)
        return IPVS.ServiceSettings(
            scheduler: ["wlc", "rr", "mh", "fifteen-bytes-x"].randomElement(using: &generator)!,
            flags: IPVS.ServiceFlags(
                [.onePacket, .scheduler1, .scheduler2, .scheduler3].filter { _ in
                    Bool.random(using: &generator)
                }),
            persistence: Bool.random(using: &generator) ? 0 : .random(in: 1 ... .max, using: &generator),
            // All bits read back as nil
            persistenceBits: Int(bits) == family.bitWidth ? nil : bits,
            persistenceEngine: Bool.random(using: &generator) ? "sip" : nil)
    }
}

extension IPVS.Destination {
    static func random(_ family: AddressFamily, using generator: inout SeededGenerator) -> Self {
        .init(
            .init(address: .random(family, using: &generator), port: .random(in: 0 ... .max, using: &generator)),
            .init(
                method: IPVS.ForwardingMethod.allCases.randomElement(using: &generator)!,
                weight: .random(in: 0 ... .max, using: &generator),
                upperThreshold: .random(in: 0 ... .max, using: &generator),
                lowerThreshold: .random(in: 0 ... .max, using: &generator),
                tunnel: .init(
                    kind: IPVS.Tunnel.Kind.allCases.randomElement(using: &generator)!,
                    port: .random(in: 0 ... .max, using: &generator),
                    flags: .random(in: 0 ... .max, using: &generator))))
    }
}

extension Nftables.Expression {
    static func random(using generator: inout SeededGenerator) -> Self {
        typealias Register = Nftables.Register
        func register() -> Register { Register(slot: .random(in: 0...15, using: &generator)) }
        func name() -> String { ["a", "ports4", "portcullis: "].randomElement(using: &generator)! }
        func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0 ... .max, using: &generator) } }
        switch Int.random(in: 0...18, using: &generator) {
        case 0: return .loadMeta(Nftables.MetaKey.allCases.randomElement(using: &generator)!, into: register())
        case 1: return .setMeta(Nftables.MetaKey.allCases.randomElement(using: &generator)!, from: register())
        case 2:
            return .loadPayload(
                Nftables.PayloadBase.allCases.randomElement(using: &generator)!,
                offset: .random(in: 0...255, using: &generator), length: .random(in: 1...16, using: &generator),
                into: register())
        case 3:
            return .loadConnection(
                Nftables.ConnectionKey.allCases.randomElement(using: &generator)!, into: register())
        case 4:
            return .compare(
                register(), Nftables.Comparison.allCases.randomElement(using: &generator)!,
                bytes(.random(in: 1...16, using: &generator)))
        case 5:
            let count = 4 * Int.random(in: 1...4, using: &generator)
            return .bitwise(from: register(), into: register(), mask: bytes(count), xor: bytes(count))
        case 6:
            return .lookup(
                set: name(), key: register(), data: Bool.random(using: &generator) ? register() : nil,
                isInverted: .random(using: &generator))
        case 7:
            return .limit(
                rate: .random(in: 0 ... .max, using: &generator), seconds: .random(in: 0 ... .max, using: &generator),
                burst: .random(in: 0 ... .max, using: &generator), isOver: .random(using: &generator))
        case 8: return .log(prefix: name(), level: .random(in: 0...7, using: &generator))
        // libnftnl writes this name without its NUL and reads it to a NUL, which the kernel always sends;
        // here the padding of a name of seven letters is that NUL
        case 9: return .count(on: "dropped")
        case 10: return .verdict([.accept, .drop, .return].randomElement(using: &generator)!)
        case 11: return .verdict(Bool.random(using: &generator) ? .jump(name()) : .goto(name()))
        case 12:
            return .setConnection(
                Nftables.ConnectionKey.allCases.randomElement(using: &generator)!, from: register())
        case 13:
            return .loadOriginal(
                Nftables.OriginalKey.allCases.randomElement(using: &generator)!, into: register())
        case 14:
            return .update(
                set: name(), key: register(),
                .limitOver(
                    rate: .random(in: 0 ... .max, using: &generator),
                    seconds: .random(in: 0 ... .max, using: &generator),
                    burst: .random(in: 0 ... .max, using: &generator)))
        case 15:
            return .update(
                set: name(), key: register(), .connectionsOver(.random(in: 0 ... .max, using: &generator)))
        case 16:
            return .sourceNAT(AddressFamily.allCases.randomElement(using: &generator)!, address: register())
        case 17: return .masquerade
        default:
            return .destinationNAT(
                AddressFamily.allCases.randomElement(using: &generator)!, address: register(),
                port: Bool.random(using: &generator) ? register() : nil)
        }
    }
}

extension Nftables.SetDefinition {
    static func random(_ name: String, using generator: inout SeededGenerator) -> Self {
        let types: [Nftables.DataType] = [.ipv4Address, .ipv6Address, .internetProtocol, .internetService, .mark]
        func fields(_ count: ClosedRange<Int>) -> [Nftables.DataType] {
            (0..<Int.random(in: count, using: &generator)).map { _ in types.randomElement(using: &generator)! }
        }
        let key = fields(1...4)
        if Int.random(in: 0..<4, using: &generator) == 0 {
            return Self(
                name: name, key: key,
                dynamic: .init(
                    size: .random(in: 1 ... .max, using: &generator),
                    timeout: .random(in: 0 ... .max, using: &generator)))
        }
        if key.count > 1, Int.random(in: 0..<4, using: &generator) == 0 {
            return Self(name: name, key: key, data: [.verdict], isInterval: true)
        }
        return Self(
            name: name, key: key, data: fields(0...2), isInterval: key.count > 1 && Bool.random(using: &generator))
    }

    func randomElement(using generator: inout SeededGenerator) -> Nftables.SetElement {
        Nftables.SetElement(
            Self.random(key, using: &generator),
            to: isInterval && Bool.random(using: &generator) ? Self.random(key, using: &generator) : nil,
            data: isMap && !hasVerdicts ? Self.random(data, using: &generator) : nil,
            verdict: hasVerdicts
                ? [.accept, .drop, .return, .jump("admit4"), .goto("open4")].randomElement(using: &generator)! : nil)
    }

    private var hasVerdicts: Bool { data == [.verdict] }

    private static func random(
        _ fields: [Nftables.DataType], using generator: inout SeededGenerator
    ) -> Nftables.SetValue {
        var value = Nftables.SetValue()
        for field in fields {
            switch field {
            case .ipv4Address: value.append(.random(.ipv4, using: &generator))
            case .ipv6Address: value.append(.random(.ipv6, using: &generator))
            case .internetProtocol: value.append(TransportProtocol.allCases.randomElement(using: &generator)!)
            case .internetService: value.append(UInt16.random(in: 0 ... .max, using: &generator))
            default: value.append(hostOrder: .random(in: 0 ... .max, using: &generator))
            }
        }
        return value
    }
}
