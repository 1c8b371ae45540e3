public import NetworkTypes
import Text

extension Nftables {
    /// A key of a set, or the data of a map: consecutive fields, each padded to 4 bytes, as in the kernel's
    /// registers. At most 64 bytes (`NFT_DATA_VALUE_MAXLEN`), stored without a heap allocation.
    public struct SetValue: Sendable, Hashable {
        // swift-format-ignore
        private var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
        private var length: UInt8 = 0

        /// The greatest length in bytes.
        public static let capacity = 64

        public init() {}

        /// Bytes from the kernel; `nil` if there are more than 64.
        public init?(bytes: UnsafeRawBufferPointer) {
            guard bytes.count <= Self.capacity else { return nil }
            withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
            length = UInt8(bytes.count)
        }

        /// address
        public init(_ address: IPAddress) { append(address) }

        /// address . protocol . port
        public init(_ address: IPAddress, _ transport: TransportProtocol, _ port: UInt16) {
            append(address)
            append(transport)
            append(port)
        }

        /// address . protocol . port . address
        public init(_ address: IPAddress, _ transport: TransportProtocol, _ port: UInt16, _ other: IPAddress) {
            self.init(address, transport, port)
            append(other)
        }

        /// address . port, for destination NAT
        public init(_ address: IPAddress, _ port: UInt16) {
            append(address)
            append(port)
        }

        /// address . address
        public init(_ address: IPAddress, _ other: IPAddress) {
            append(address)
            append(other)
        }

        /// address . mark, as a set with intervals has it
        public init(_ address: IPAddress, networkOrder mark: UInt32) {
            append(address)
            store(mark.bigEndian, filling: 4)
        }

        /// A mark.
        public init(mark: UInt32) { append(hostOrder: mark) }

        /// Appends a field.
        /// - Precondition for every `append`: there is room.
        public mutating func append(_ address: IPAddress) {
            if address.family == .ipv4 {
                store(UInt32(truncatingIfNeeded: address.low).bigEndian, filling: 4)
            } else {
                store(address.high.bigEndian, filling: 8)
                store(address.low.bigEndian, filling: 8)
            }
        }

        /// Appends the number of a protocol.
        public mutating func append(_ transport: TransportProtocol) { store(transport.rawValue, filling: 4) }
        /// Appends a port in network byte order.
        public mutating func append(_ port: UInt16) { store(port.bigEndian, filling: 4) }
        /// Appends a number in the host's byte order, such as a mark.
        public mutating func append(hostOrder number: UInt32) { store(number, filling: 4) }

        private mutating func store<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number, filling size: Int) {
            let start = Int(length)
            precondition(start + size <= Self.capacity, "a set's value has at most 64 bytes")
            withUnsafeMutableBytes(of: &words) { $0.storeBytes(of: number, toByteOffset: start, as: Number.self) }
            length += UInt8(size)
        }

        /// The length in bytes.
        public var count: Int { Int(length) }

        /// Calls `body` with the bytes, without a copy.
        public func withBytes<Result, Failure: Error>(
            _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            var copy = words
            var result: Swift.Result<Result, Failure>?
            withUnsafeBytes(of: &copy) { bytes in
                result = Swift.Result { () throws(Failure) in
                    try body(UnsafeRawBufferPointer(rebasing: bytes[..<Int(length)]))
                }
            }
            return try result!.get()
        }

        // MARK: Reading fields

        /// The address at a byte offset; `nil` if it does not fit.
        public func address(_ family: AddressFamily, at offset: Int = 0) -> IPAddress? {
            let size = family.bitWidth / 8
            guard offset >= 0, offset + size <= count else { return nil }
            return withBytes { IPAddress(networkBytes: $0[offset..<(offset + size)]) }
        }

        /// The protocol at a byte offset; `nil` if it does not fit or is unknown.
        public func transport(at offset: Int) -> TransportProtocol? {
            guard offset >= 0, offset < count else { return nil }
            return withBytes { TransportProtocol(rawValue: $0[offset]) }
        }

        /// The port at a byte offset; `nil` if it does not fit.
        public func port(at offset: Int) -> UInt16? {
            guard offset >= 0, offset + 2 <= count else { return nil }
            return withBytes { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt16.self)) }
        }

        /// The number in the host's byte order at a byte offset; `nil` if it does not fit.
        public func hostOrder(at offset: Int = 0) -> UInt32? {
            guard offset >= 0, offset + 4 <= count else { return nil }
            return withBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
        }

        /// The number in network byte order at a byte offset; `nil` if it does not fit.
        public func networkOrder(at offset: Int) -> UInt32? { hostOrder(at: offset).map(UInt32.init(bigEndian:)) }

        // MARK: Hashable

        public static func == (a: Self, b: Self) -> Bool {
            a.length == b.length
                && a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2
                && a.words.3 == b.words.3 && a.words.4 == b.words.4 && a.words.5 == b.words.5
                && a.words.6 == b.words.6 && a.words.7 == b.words.7
        }

        /// Hashes only the words in use: most keys have 12 or 24 bytes.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(words.0)
            hasher.combine(words.1)
            if length > 16 {
                hasher.combine(words.2)
                hasher.combine(words.3)
                hasher.combine(words.4)
            }
        }
    }

    /// An element of a set or map.
    public struct SetElement: Sendable, Hashable {
        public var key: SetValue
        /// The upper end of an interval of more than one value: the upper end of each field.
        public var keyEnd: SetValue?
        /// The data, for a map.
        public var data: SetValue?
        /// The data of a map of verdicts.
        public var verdict: Verdict?

        /// - Parameter keyEnd: a value equal to `key` means the same as `nil`.
        public init(_ key: SetValue, to keyEnd: SetValue? = nil, data: SetValue? = nil, verdict: Verdict? = nil) {
            self.key = key
            self.keyEnd = keyEnd == key ? nil : keyEnd
            self.data = data
            self.verdict = verdict
        }
    }
}

extension Nftables {
    /// An element as the kernel lists it.
    public enum FoundElement: Sendable, Hashable {
        case plain(SetElement)
        /// An element that has more than a key and data: a timeout, a statement, an object.
        case extended(SetElement)
        /// The element for every key that is not in the set (`*`).
        case catchAll
    }

    /// The content of a set or map.
    public struct SetContent: Sendable, Hashable {
        /// The elements that have a key.
        public var elements: Set<SetElement> = []
        /// Whether there is an element for all other keys.
        public var hasCatchAll = false
        /// Whether an element has more than a key and data.
        public var hasExtended = false
    }
}

extension Nftables.SetValue {
    /// The fields as text: `198.51.100.37 . tcp . 20000`; hexadecimal if the types do not fit.
    public func text(_ fields: [Nftables.DataType]) -> String {
        let expected = fields.count == 1 ? fields[0].length : fields.reduce(0) { $0 + $1.paddedLength }
        // The kernel sends a single field without its padding
        guard count == expected || (fields.count == 1 && count == fields[0].paddedLength) else { return hex }
        var offset = 0
        return fields.map { field in
            defer { offset += field.paddedLength }
            switch field {
            case .ipv4Address: return address(.ipv4, at: offset).map { "\($0)" } ?? hex
            case .ipv6Address: return address(.ipv6, at: offset).map { "\($0)" } ?? hex
            case .internetProtocol:
                return transport(at: offset).map { "\($0)" } ?? withBytes { "\($0[offset])" }
            case .internetService: return port(at: offset).map { "\($0)" } ?? hex
            default: return hostOrder(at: offset).map { "\($0)" } ?? hex
            }
        }.joined(separator: " . ")
    }

    private var hex: String {
        withBytes { bytes in
            "0x" + bytes.hexadecimal
        }
    }
}

extension Nftables.SetElement {
    /// `198.51.100.37 . tcp . 20000-29999 : 257`, as nft writes it, with `-` in the fields that are ranges.
    public func text(in set: Nftables.SetDefinition) -> String {
        var keyText = key.text(set.key)
        if let keyEnd {
            // exact: both texts are made here, of ASCII
            let first = keyText.split(separator: " . ", omittingEmptySubsequences: false)
            // exact: likewise
            let last = keyEnd.text(set.key).split(separator: " . ", omittingEmptySubsequences: false)
            keyText =
                first.count == last.count
                ? zip(first, last).map { $0 == $1 ? String($0) : "\($0)-\($1)" }.joined(separator: " . ")
                : "\(keyText)-\(keyEnd.text(set.key))"
        }
        if let verdict { return "\(keyText) : \(verdict.text)" }
        return data.map { "\(keyText) : \($0.text(set.data))" } ?? keyText
    }
}

extension Nftables.Verdict {
    /// As nft writes it: `jump limit`.
    var text: String {
        switch self {
        case .accept: "accept"
        case .drop: "drop"
        case .return: "return"
        case .jump(let chain): "jump \(chain)"
        case .goto(let chain): "goto \(chain)"
        }
    }
}
