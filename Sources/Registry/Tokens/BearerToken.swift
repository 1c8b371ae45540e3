import Crypto
import Text

/// A secret for the Authorization header: 256 random bits, with a prefix by which secret scanners recognize it.
package struct BearerToken {
    /// The beginning of every secret.
    package static let prefix = "portcullis_"

    /// The secret.
    package let text: String

    /// A new secret from the system's random number generator.
    package init() {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        // 43 of 62 digits hold 256 bits.
        text = Self.prefix + String((0..<43).map { _ in digits.randomElement(using: &generator) ?? "0" })
    }

    package init(_ text: String) { self.text = text }

    /// The hash that the registry stores. A plain digest is enough, since the secret is random and long.
    package var hash: [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

    /// The secret in an Authorization field (RFC 6750, section 2.1); `nil` for another scheme.
    package init?(authorization field: String) {
        let parts = field.splitBytes(" ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let secret = parts[1].withoutSurroundingSpace
        guard !secret.isEmpty, !secret.hasByte(" ") else { return nil }
        text = String(secret)
    }
}
