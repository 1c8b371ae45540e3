/// An address prefix (CIDR notation, RFC 4632): `198.51.100.0/24`, `2001:db8::/32`.
///
/// The bits after the prefix length must be zero: `10.1.2.3/8` is no prefix.
public struct AddressPrefix: Sendable, Hashable, Comparable {
    public let address: IPAddress
    private let bits: UInt8

    /// The number of leading bits that count: 0 to 32 or 0 to 128.
    public var length: Int { Int(bits) }

    /// `nil` if the length is out of range, or if the address has bits after the prefix length.
    public init?(address: IPAddress, length: Int) {
        guard length >= 0, length <= address.family.bitWidth else { return nil }
        self.address = address
        bits = UInt8(length)
        guard first == address else { return nil }
    }

    private var masks: (high: UInt64, low: UInt64) { Self.masks(length, address.family) }

    static func masks(_ length: Int, _ family: AddressFamily) -> (high: UInt64, low: UInt64) {
        let bits = family == .ipv4 ? length + 96 : length
        return (
            bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits)),
            bits <= 64 ? 0 : (bits == 128 ? .max : ~(UInt64.max >> UInt64(bits - 64)))
        )
    }

    /// The lowest address of the prefix.
    public var first: IPAddress {
        let (high, low) = masks
        return address.family == .ipv4
            ? IPAddress(ipv4: UInt32(truncatingIfNeeded: address.low & low))
            : IPAddress(ipv6High: address.high & high, low: address.low & low)
    }

    /// The highest address of the prefix.
    public var last: IPAddress {
        let (high, low) = masks
        return address.family == .ipv4
            ? IPAddress(ipv4: UInt32(truncatingIfNeeded: address.low | ~low))
            : IPAddress(ipv6High: address.high | ~high, low: address.low | ~low)
    }

    /// Whether the address is in the prefix.
    public func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && first <= other && other <= last
    }

    /// Whether one of both is within the other: prefixes overlap in no other way.
    public func overlaps(_ other: Self) -> Bool { contains(other.first) || other.contains(first) }

    public static func < (a: Self, b: Self) -> Bool {
        a.address != b.address ? a.address < b.address : a.length < b.length
    }
}

extension AddressPrefix: LosslessStringConvertible, CustomStringConvertible {
    /// Reads `address/length`; `nil` if the text has another form.
    public init?(_ text: some StringProtocol) {
        // exact: neither part may have anything but ASCII
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parts[0]),
            let length = UInt8(parts[1]), String(length) == parts[1]
        else { return nil }
        self.init(address: address, length: Int(length))
    }

    public var description: String { "\(address)/\(length)" }
}
