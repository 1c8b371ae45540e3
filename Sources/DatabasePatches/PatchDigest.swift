import Crypto
package import Text

/// What identifies the content of a file: its SHA-256.
package struct PatchDigest: Sendable, Hashable, CustomStringConvertible {
    /// `sha256:` and 64 hexadecimal digits.
    @ExactText package private(set) var description: String

    package init(of bytes: [UInt8]) { description = "sha256:\(SHA256.hash(data: bytes).hexadecimal)" }

    /// A digest as the history has it.
    package init(stored: String) { description = stored }
}
