package import Cloud
import CombinedConfiguration
import Crypto
import Foundation

/// The key that encrypts secrets (ChaCha20-Poly1305, RFC 8439), and further ones that decrypt them while the key is
/// being replaced.
///
/// A secret is bound to its name and revision: its encrypted value cannot be opened in the place of another.
public struct SecretKey: Sendable {
    /// The size of a key in bytes.
    package static let size = 32

    private let key: SymmetricKey
    private let others: [SymmetricKey]

    /// `nil` if there are not 32 bytes.
    package init?(_ bytes: [UInt8]) { self.init([bytes]) }

    /// - Parameter keys: the first encrypts, all decrypt. `nil` if there is none, or one has not 32 bytes.
    package init?(_ keys: [[UInt8]]) {
        guard let first = keys.first, keys.allSatisfy({ $0.count == Self.size }) else { return nil }
        key = SymmetricKey(data: first)
        others = keys.dropFirst().map { SymmetricKey(data: $0) }
    }

    /// Encrypts the value of a secret's revision.
    package func seal(_ value: [UInt8], name: String, revision: Int, by actor: String, at time: String) throws
        -> SealedSecret
    {
        SealedSecret(
            name: name, revision: revision, kind: String(validating: value, as: UTF8.self) == nil ? .binary : .text,
            sealed: try sealed(value, name, revision), stamp: Self.stamp(), changedBy: actor, changedAt: time)
    }

    /// The same secret, encrypted with this key. The value and all that is known of it stay.
    package func resealing(_ secret: SealedSecret, value: [UInt8]) throws -> SealedSecret {
        var secret = secret
        secret.sealed = try sealed(value, secret.name, secret.revision)
        return secret
    }

    private func sealed(_ value: [UInt8], _ name: String, _ revision: Int) throws -> [UInt8] {
        Array(try ChaChaPoly.seal(value, using: key, authenticating: Self.binding(name, revision)).combined)
    }

    private static func stamp() -> [UInt8] { SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) } }

    /// The value of a secret; `nil` if it was encrypted with another key, or was altered.
    package func open(_ secret: SealedSecret) -> [UInt8]? {
        guard let box = try? ChaChaPoly.SealedBox(combined: secret.sealed) else { return nil }
        let binding = Self.binding(secret.name, secret.revision)
        for key in [key] + others {
            if let value = try? ChaChaPoly.open(box, using: key, authenticating: binding) { return Array(value) }
        }
        return nil
    }

    private static func binding(_ name: String, _ revision: Int) -> [UInt8] { Array("\(name) \(revision)".utf8) }
}
