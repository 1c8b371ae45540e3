/// The hash FNV-1a with 64 bits: names things that nobody chooses on purpose, and is no protection against those who do.
public enum FNV1a {
    /// What the hash begins with.
    public static let basis: UInt64 = 0xCBF2_9CE4_8422_2325

    /// - Parameter start: another beginning gives another hash of the same bytes.
    public static func hash(_ bytes: some Sequence<UInt8>, from start: UInt64 = basis) -> UInt64 {
        bytes.reduce(start) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
