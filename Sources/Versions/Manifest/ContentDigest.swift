package import Crypto
import Text

/// The SHA-256 of some bytes, by which blobs and manifests are named.
package struct ContentDigest: Sendable, Hashable {
    private let words: SIMD4<UInt64>

    /// The digest of bytes in memory.
    package init(of bytes: some Sequence<UInt8>) { self.init(SHA256.hash(data: Array(bytes))) }

    package init(_ digest: SHA256.Digest) {
        words = digest.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
    }

    /// Reads 64 lower-case hexadecimal digits; `nil` if the text is something else.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 64 else { return nil }
        var words = SIMD4<UInt64>()
        for (index, byte) in text.utf8.enumerated() {
            let digit: UInt64
            switch byte {
            case 0x30...0x39: digit = UInt64(byte - 0x30)
            case 0x61...0x66: digit = UInt64(byte - 0x57)
            default: return nil
            }
            words[index / 16] = words[index / 16] << 4 | digit
        }
        for index in 0..<4 { words[index] = words[index].byteSwapped }
        self.words = words
    }

    /// The 32 bytes.
    package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }
}

extension ContentDigest: Comparable, CustomStringConvertible {
    /// 64 hexadecimal digits.
    package var description: String { bytes.hexadecimal }

    /// The first digits, for people.
    package var short: String { String(description.prefix(12)) }

    /// Orders as the texts do.
    package static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
