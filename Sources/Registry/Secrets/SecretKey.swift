package import Cloud
import Crypto
import Foundation

/// The key that encrypts secrets (ChaCha20-Poly1305, RFC 8439).
///
/// A secret is bound to its name and revision: its encrypted value cannot be opened in the place of another.
public struct SecretKey: Sendable {
    /// The size of the key in bytes.
    package static let size = 32

    private let key: SymmetricKey

    /// `nil` if there are not 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// Encrypts the value of a secret's revision.
    package func seal(_ value: String, name: String, revision: Int, by actor: String, at time: String) throws
        -> SealedSecret
    {
        let box = try ChaChaPoly.seal(
            Array(value.utf8), using: key, authenticating: Self.binding(name, revision))
        return SealedSecret(
            name: name, revision: revision, sealed: Array(box.combined), changedBy: actor, changedAt: time)
    }

    /// The value of a secret; `nil` if it was encrypted with another key, or was altered.
    package func open(_ secret: SealedSecret) -> String? {
        guard let box = try? ChaChaPoly.SealedBox(combined: secret.sealed),
            let value = try? ChaChaPoly.open(
                box, using: key, authenticating: Self.binding(secret.name, secret.revision))
        else { return nil }
        return String(validating: Array(value), as: UTF8.self)
    }

    private static func binding(_ name: String, _ revision: Int) -> [UInt8] { Array("\(name) \(revision)".utf8) }
}
