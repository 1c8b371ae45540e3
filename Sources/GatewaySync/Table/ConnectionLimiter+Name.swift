import NetworkTypes
import ServicesExport
import Text

/// The name of a limiter's chain and meter, which nft can read.
extension ConnectionLimiter {
    /// `limit-198.51.100.36-tcp-80-r100s-b200-p24-t5000`: address, protocol and port, then the rate of a source with
    /// its burst, the length of its prefix, and the rate of all. An IPv6 address has its 32 digits.
    public var name: String {
        var words = ["limit", Self.word(of: address), transport.description, "\(port)"]
        if let source {
            if let rate = source.rate { words += ["r\(rate.count)\(rate.unit.rawValue)", "b\(source.burst)"] }
            if source.connections > 0 { words.append("c\(source.connections)") }
            if let prefix = source.prefix { words.append("p\(prefix)") }
        }
        if maximumRate > 0 { words.append("t\(maximumRate)") }
        return words.joined(separator: "-")
    }

    /// The limiter of a name; `nil` if Portcullis cannot have written it.
    public init?(name: String) {
        var words = name.splitBytes("-").map { String($0) }[...]
        guard words.count > 4, words.removeFirst().isExactly("limit"),
            let address = Self.address(of: words.removeFirst()),
            let transport = TransportProtocol(words.removeFirst()), let port = UInt16(words.removeFirst())
        else { return nil }
        var source: SourceLimit?
        var maximumRate = 0
        for word in words {
            guard let letter = word.utf8.first else { return nil }
            let rest = word.dropFirst()
            switch letter {
            case UInt8(ascii: "r"):
                guard let unit = rest.last, let rate = SourceLimit.Rate("\(rest.dropLast())/\(unit)") else {
                    return nil
                }
                source = SourceLimit(rate: rate)
            case UInt8(ascii: "b"):
                guard let burst = Int(rest), SourceLimit.counts.contains(burst) else { return nil }
                source?.burst = burst
            case UInt8(ascii: "c"):
                guard let count = Int(rest), SourceLimit.connectionCounts.contains(count) else { return nil }
                source = source ?? SourceLimit(rate: nil)
                source?.connections = count
            case UInt8(ascii: "p"):
                guard let prefix = Int(rest), (1...address.family.bitWidth).contains(prefix) else { return nil }
                source?.prefix = prefix
            case UInt8(ascii: "t"):
                guard let rate = Int(rest), rate > 0, UInt32(exactly: rate) != nil else { return nil }
                maximumRate = rate
            default: return nil
            }
        }
        self.init(address: address, transport: transport, port: port, source: source, maximumRate: maximumRate)
        guard self.name.isExactly(name) else { return nil }
    }

    private static func word(of address: IPAddress) -> String {
        guard address.family == .ipv6 else { return "\(address)" }
        return [address.high, address.low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    private static func address(of word: String) -> IPAddress? {
        guard word.utf8.count == 32 else {
            guard let address = IPAddress(word), address.family == .ipv4 else { return nil }
            return address
        }
        guard let high = UInt64(word.prefix(16), radix: 16), let low = UInt64(word.suffix(16), radix: 16) else {
            return nil
        }
        return IPAddress(ipv6High: high, low: low)
    }
}
