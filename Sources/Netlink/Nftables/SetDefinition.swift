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
        /// What rules may add to the set; `nil`: nothing.
        public var dynamic: Dynamic?

        /// The bounds of a set that rules add to. Its elements come and go with the traffic, and are not read.
        public struct Dynamic: Sendable, Hashable {
            /// How many elements there are at most. A rule that adds one more does not match.
            public var size: UInt32
            /// Seconds after which an element that no rule has renewed goes; 0: it stays as long as its statement needs
            /// it.
            public var timeout: UInt32

            public init(size: UInt32, timeout: UInt32 = 0) {
                self.size = size
                self.timeout = timeout
            }
        }

        /// - Precondition: the key has at least one field, and at least two if the set has intervals.
        public init(
            name: String, key: [DataType], data: [DataType] = [], isInterval: Bool = false, dynamic: Dynamic? = nil
        ) {
            precondition(
                !key.isEmpty && (!isInterval || key.count > 1), "set \(name): intervals need a concatenated key")
            self.name = name
            self.key = key
            self.data = data
            self.isInterval = isInterval
            self.dynamic = dynamic
        }

        /// Whether it has data.
        public var isMap: Bool { !data.isEmpty }
        var word: String { isMap ? "map" : "set" }

        var flags: UInt32 {
            var flags: UInt32 = 0
            if isInterval { flags |= NFT_SET_INTERVAL.rawValue | NFT_SET_CONCAT.rawValue }
            if isMap { flags |= NFT_SET_MAP.rawValue }
            if let dynamic {
                flags |= NFT_SET_EVAL.rawValue
                if dynamic.timeout > 0 { flags |= NFT_SET_TIMEOUT.rawValue }
            }
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
        let bounds =
            dynamic.map { dynamic in
                "; size \(dynamic.size); flags dynamic"
                    + (dynamic.timeout > 0 ? ",timeout; timeout \(dynamic.timeout)s" : "")
            } ?? ""
        return "\(word) \(name) { type \(key)\(data)\(isInterval ? "; flags interval" : "")\(bounds) }"
    }
}
