extension Nftables {
    /// A type of data in keys and maps, with nft's number (src/datatype.c) so that `nft list` prints it.
    public struct DataType: Sendable, Hashable, CustomStringConvertible {
        /// nft's number, at most 6 bits in a concatenation.
        public let number: UInt32
        /// Bytes on the wire, without the padding of a concatenation.
        public let length: Int
        /// Whether numbers have the host's byte order (marks).
        public let isHostOrder: Bool
        let name: String

        public static let ipv4Address = Self(number: 7, length: 4, isHostOrder: false, name: "ipv4_addr")
        public static let ipv6Address = Self(number: 8, length: 16, isHostOrder: false, name: "ipv6_addr")
        public static let internetProtocol = Self(number: 12, length: 1, isHostOrder: false, name: "inet_proto")
        public static let internetService = Self(number: 13, length: 2, isHostOrder: false, name: "inet_service")
        /// The verdict of a map of verdicts (`NFT_DATA_VERDICT`). It is the only field of its map's data.
        public static let verdict = Self(number: 0xFFFF_FF00, length: 0, isHostOrder: false, name: "verdict")
        public static let mark = Self(number: 19, length: 4, isHostOrder: true, name: "mark")

        static let known = [ipv4Address, ipv6Address, internetProtocol, internetService, mark]

        public var description: String { name }

        /// Bytes in a concatenation, in which each field fills whole registers of 4 bytes.
        var paddedLength: Int { (length + 3) & ~3 }

        /// The number of a concatenation: 6 bits for each field, with the first in the highest bits.
        static func number(of fields: [Self]) -> UInt32 { fields.reduce(0) { $0 << 6 | $1.number } }

        /// The fields of a number; `nil` if one is of an unknown type.
        static func fields(of number: UInt32) -> [Self]? {
            if number == verdict.number { return [verdict] }
            var fields: [Self] = []
            var rest = number
            while rest != 0 {
                guard let field = known.first(where: { $0.number == rest & 63 }) else { return nil }
                fields.append(field)
                rest >>= 6
            }
            return fields.reversed()
        }
    }
}
