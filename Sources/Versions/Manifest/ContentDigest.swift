package import Crypto
import Text

/// The SHA-256 of some bytes, by which blobs and manifests are named.
package struct ContentDigest: Sendable, Hashable {
    /// The bytes as they stand in memory. Four words and no SIMD4, which would be aligned to 32 bytes: the memory of a task
    /// is aligned to 16, and an async function that holds such a value destroys what lies beside it.
    private struct Words: Sendable, Hashable {
        var a: UInt64 = 0
        var b: UInt64 = 0
        var c: UInt64 = 0
        var d: UInt64 = 0
    }

    private let words: Words

    /// The digest of bytes in memory.
    package init(of bytes: some Sequence<UInt8>) { self.init(SHA256.hash(data: Array(bytes))) }

    package init(_ digest: SHA256.Digest) {
        words = digest.withUnsafeBytes { Self.words(of: Array($0)) }
    }

    /// Reads 64 lower-case hexadecimal digits; `nil` if the text is something else.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 64 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        for (index, byte) in text.utf8.enumerated() {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x61...0x66: digit = byte - 0x57
            default: return nil
            }
            bytes[index / 2] = bytes[index / 2] << 4 | digit
        }
        words = Self.words(of: bytes)
    }

    private static func words(of bytes: [UInt8]) -> Words {
        var words = Words()
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes.prefix(32)) }
        return words
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
