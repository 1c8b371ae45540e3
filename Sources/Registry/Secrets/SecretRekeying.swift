import Cloud
import Foundation
import ServiceSupport

/// Replaces the key of the secrets: in the key file and in the registry, of which neither can be changed together with
/// the other.
///
/// The file first gets the new key in addition. Then one transaction encrypts all secrets anew. Then the file loses the
/// old key. Whenever this ends early, the file has each key that a secret needs, and ADMIN starts with it; another
/// attempt starts from what is there.
public struct SecretRekeying: Sendable {
    let registry: Registry
    /// The key file.
    let path: String

    public init(registry: Registry, keyFile path: String) {
        self.registry = registry
        self.path = path
    }

    /// The number of secrets under each key of a file.
    public struct Check: Sendable, Hashable {
        /// The number of secrets that each key opens, in the order of the file.
        public let secretsOfKeys: [Int]
        /// The names of the secrets that no key opens.
        public let closed: [String]
    }

    /// Opens each secret, and changes nothing.
    public func check() async throws -> Check {
        let keys = try SecretKey.keys(in: path)
        let each = keys.compactMap { SecretKey($0) }
        var counts = each.map { _ in 0 }
        var closed: [String] = []
        for secret in try await registry.state().cloud.secrets.values {
            if let index = each.firstIndex(where: { $0.open(secret) != nil }) {
                counts[index] += 1
            } else {
                closed.append(secret.name)
            }
        }
        return Check(secretsOfKeys: counts, closed: closed.sorted())
    }

    /// Replaces the key. Nobody else may write to the registry meanwhile (`RegistryLock`).
    ///
    /// Throws `SettingsError` if a secret cannot be opened; nothing is changed then.
    ///
    /// - Returns: the number of secrets.
    public func run() async throws -> Int {
        let old = try SecretKey.keys(in: path)
        let opener = SecretKey(old)
        try await registry.checkSecrets(opener)
        let new = SecretKey.random()
        guard let opener, let sealer = SecretKey(new) else {
            throw SettingsError("the key for secrets \(path) does not hold \(SecretKey.size) bytes in Base64")
        }
        try store(old + [new])
        let outcome = try await registry.write(by: ChangeAuthor(TokenGrant.fileOwner), dryRun: false) { cloud, _ in
            for (name, secret) in cloud.secrets {
                guard let value = opener.open(secret) else {
                    throw SettingsError("the secret \(name) cannot be opened; nothing was changed")
                }
                let resealed = try sealer.resealing(secret, value: value)
                guard sealer.open(resealed) == value else {
                    throw SettingsError("the secret \(name) does not open with the new key; nothing was changed")
                }
                cloud.secrets[name] = resealed
            }
        }
        // As it is stored, not as it was meant.
        let stored = try await registry.store.load().cloud.secrets
        guard stored.values.allSatisfy({ sealer.open($0) != nil }) else {
            throw SettingsError("not all secrets open with the new key: \(path) keeps the old one; try again")
        }
        try store([new])
        return outcome.state.cloud.secrets.count
    }

    /// Replaces the key file, which stays the file of its owner.
    private func store(_ keys: [[UInt8]]) throws {
        do {
            try Files.replace(
                path, with: Array(SecretKey.text(of: keys).utf8), isDurable: true, mode: 0o600, keepingOwner: true)
        } catch {
            throw SettingsError("the key for secrets \(error)")
        }
    }
}
