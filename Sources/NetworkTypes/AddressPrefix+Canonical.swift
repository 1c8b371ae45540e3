extension AddressPrefix {
    /// Why a text is not the canonical form of a prefix.
    public struct Misspelling: Error, Sendable, Hashable, CustomStringConvertible {
        /// To follow the text in a message: `must be written as fd00:1::/64`.
        public let description: String
    }

    /// Reads what `description` writes, and no other spelling.
    ///
    /// Throws `Misspelling`, with the right spelling where there is one.
    public init(canonical text: some StringProtocol) throws(Misspelling) {
        if let prefix = AddressPrefix(text) {
            guard prefix.description.utf8.elementsEqual(text.utf8) else {
                throw Misspelling(description: "must be written as \(prefix)")
            }
            self = prefix
            return
        }
        // exact: neither part may have anything but ASCII
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = parts.first.flatMap({ IPAddress($0) }) else {
            throw Misspelling(description: "is no network; 10.1.0.0/16 and fd00:1::/64 are")
        }
        guard parts.count == 2 else {
            throw Misspelling(
                description: "has no prefix length; the address alone is \(address)/\(address.family.bitWidth)")
        }
        guard let length = Int(parts[1]), "\(length)" == parts[1], (0...address.family.bitWidth).contains(length) else {
            throw Misspelling(description: "has no prefix length from 0 to \(address.family.bitWidth)")
        }
        throw Misspelling(
            description: "has bits set behind the prefix length; the network is \(Self.network(of: address, length))")
    }

    /// The prefix of a length that contains an address.
    private static func network(of address: IPAddress, _ length: Int) -> String {
        let (high, low) = masks(length, address.family)
        let network =
            address.family == .ipv4
            ? IPAddress(ipv4: UInt32(truncatingIfNeeded: address.low & low))
            : IPAddress(ipv6High: address.high & high, low: address.low & low)
        return "\(network)/\(length)"
    }
}
