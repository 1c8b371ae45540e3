import CNetlink

extension Nftables {
    /// A named set; with data, a map.
    public struct SetDefinition: Sendable, Hashable {
        public var name: String
        /// The fields of the key, one to eight.
        public var key: [DataType]
        /// The fields of the data; empty for a set.
        public var data: [DataType]
        /// Whether elements may be ranges. This needs a key of two or more fields (the kernel's `NFT_SET_CONCAT`).
        /// Each transaction that changes such a set clones it; it does not clone a set without intervals.
        public var isInterval: Bool

        /// - Precondition: the key has at least one field, and at least two if the set has intervals.
        public init(name: String, key: [DataType], data: [DataType] = [], isInterval: Bool = false) {
            precondition(
                !key.isEmpty && (!isInterval || key.count > 1), "set \(name): intervals need a concatenated key")
            self.name = name
            self.key = key
            self.data = data
            self.isInterval = isInterval
        }

        /// Whether it has data.
        public var isMap: Bool { !data.isEmpty }
        var word: String { isMap ? "map" : "set" }

        var flags: UInt32 {
            var flags: UInt32 = 0
            if isInterval { flags |= NFT_SET_INTERVAL.rawValue | NFT_SET_CONCAT.rawValue }
            if isMap { flags |= NFT_SET_MAP.rawValue }
            return flags
        }

        /// Bytes of consecutive fields in the registers.
        static func length(of fields: [DataType]) -> UInt32 {
            UInt32(fields.count == 1 ? fields[0].length : fields.reduce(0) { $0 + $1.paddedLength })
        }
    }
}

extension Nftables.SetDefinition: CustomStringConvertible {
    /// `map marks4 { type ipv4_addr . inet_proto . inet_service : mark; flags interval }`
    public var description: String {
        let key = key.map(\.name).joined(separator: " . ")
        let data = isMap ? " : \(data.map(\.name).joined(separator: " . "))" : ""
        return "\(word) \(name) { type \(key)\(data)\(isInterval ? "; flags interval" : "") }"
    }
}
