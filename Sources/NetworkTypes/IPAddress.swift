/// The family of an address, with the kernel's numbers (`AF_INET`, `AF_INET6`).
public enum AddressFamily: UInt8, Sendable, Hashable, Comparable, CaseIterable, CustomStringConvertible {
    case ipv4 = 2
    case ipv6 = 10

    /// Bits of an address of the family: 32 or 128.
    public var bitWidth: Int { self == .ipv4 ? 32 : 128 }

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    public var description: String { self == .ipv4 ? "IPv4" : "IPv6" }
}

/// An IPv4 or IPv6 address as a value of 17 bytes: it needs no heap, and is cheap to hash and to compare.
///
/// An IPv4 address is in the lower 32 bits. Addresses are ordered by family, then by number, as in `services.csv`.
public struct IPAddress: Sendable, Hashable, Comparable {
    private let upper: Half
    private let lower: Half
    public let family: AddressFamily

    /// The upper 64 bits in host order; 0 for IPv4.
    public var high: UInt64 { upper.value }
    /// The lower 64 bits in host order.
    public var low: UInt64 { lower.value }

    /// An IPv4 address from its number in host order (`0x0A000001` is 10.0.0.1).
    public init(ipv4 number: UInt32) {
        family = .ipv4
        upper = Half(0)
        lower = Half(UInt64(number))
    }

    /// An IPv6 address from its two halves in host order.
    public init(ipv6High high: UInt64, low: UInt64) {
        family = .ipv6
        upper = Half(high)
        lower = Half(low)
    }

    /// An address from its bytes in network order: 4 for IPv4, 16 for IPv6; `nil` for any other number.
    public init?(networkBytes bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4:
            self.init(ipv4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            let half = bytes.index(bytes.startIndex, offsetBy: 8)
            self.init(
                ipv6High: bytes[..<half].reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes[half...].reduce(0) { $0 << 8 | UInt64($1) })
        default:
            return nil
        }
    }

    /// The bytes in network order: 4 or 16.
    public var networkBytes: [UInt8] {
        let lowBytes = (0..<8).map { UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * $0)) }
        guard family == .ipv6 else { return Array(lowBytes[4...]) }
        return (0..<8).map { UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * $0)) } + lowBytes
    }

    public static func < (a: Self, b: Self) -> Bool {
        if a.family != b.family { return a.family < b.family }
        return a.high != b.high ? a.high < b.high : a.low < b.low
    }

    /// 0.0.0.0 or ::
    public var isUnspecified: Bool { high == 0 && low == 0 }

    /// 127.0.0.0/8 or ::1
    public var isLoopback: Bool {
        family == .ipv4 ? low >> 24 == 127 : high == 0 && low == 1
    }

    /// 224.0.0.0/4 or ff00::/8
    public var isMulticast: Bool {
        family == .ipv4 ? low >> 28 == 0xE : high >> 56 == 0xFF
    }

    /// 169.254.0.0/16 or fe80::/10
    public var isLinkLocal: Bool {
        family == .ipv4 ? low >> 16 == 0xA9FE : high >> 54 == 0x3FA
    }

    /// 255.255.255.255
    public var isBroadcast: Bool { family == .ipv4 && low == 0xFFFF_FFFF }

    /// ::ffff:0:0/96 (RFC 4291, section 2.5.5.2): an IPv4 address in the form of IPv6, which is never sent in
    /// packets.
    public var isIPv4Mapped: Bool { family == .ipv6 && high == 0 && low >> 32 == 0xFFFF }

    /// 64 bits with an alignment of 32 bits, so that types that contain an address have no gaps: there are sets of
    /// hundreds of thousands of them.
    private struct Half: Hashable {
        private let upper: UInt32
        private let lower: UInt32

        init(_ value: UInt64) {
            upper = UInt32(truncatingIfNeeded: value >> 32)
            lower = UInt32(truncatingIfNeeded: value)
        }

        var value: UInt64 { UInt64(upper) << 32 | UInt64(lower) }
    }
}
