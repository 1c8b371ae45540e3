package import Crypto
import Foundation
import Text

/// The key by which signatures are checked (Ed25519): `ed25519:` and 32 bytes in Base64.
package struct PublicKey: Sendable, Hashable {
    /// The 32 bytes.
    package let bytes: [UInt8]

    package static let prefix = "ed25519:"

    package init(_ key: Curve25519.Signing.PublicKey) { bytes = Array(key.rawRepresentation) }

    /// Reads the text of a key; `nil` if it is something else.
    package init?(_ text: String) {
        guard text.hasBytePrefix(Self.prefix),
            let bytes = Base64.bytes(String(Substring(text.utf8.dropFirst(Self.prefix.utf8.count)))), bytes.count == 32,
            (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil
        else { return nil }
        self.bytes = bytes
    }

    /// Names the key in signatures and messages: 16 hexadecimal digits of its SHA-256. It is short, so two keys may have
    /// the same; nothing is trusted for its identifier.
    package var id: String { String(ContentDigest(of: bytes).description.prefix(16)) }

    /// Whether the signature is of the message by this key. Cost: linear in the message.
    func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
        return key.isValidSignature(signature, for: message)
    }
}

extension PublicKey: CustomStringConvertible {
    package var description: String { Self.prefix + Base64.text(bytes) }
}

/// Base64 (RFC 4648, section 4), whose every value has one text.
enum Base64 {
    static func text(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    static func bytes(_ text: String) -> [UInt8]? {
        guard let data = Data(base64Encoded: text), data.base64EncodedString().isExactly(text) else { return nil }
        return Array(data)
    }
}
