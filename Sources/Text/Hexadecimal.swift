extension Sequence<UInt8> {
    /// Two lower-case hexadecimal digits for each byte. It is inlinable: without specialization, each byte would cost
    /// several calls.
    @inlinable public var hexadecimal: String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * underestimatedCount)
        for byte in self {
            let (high, low) = (byte >> 4, byte & 15)
            text.append(high < 10 ? 0x30 + high : 0x57 + high)
            text.append(low < 10 ? 0x30 + low : 0x57 + low)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
