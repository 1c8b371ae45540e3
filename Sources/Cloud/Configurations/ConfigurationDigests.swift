package import CombinedConfiguration
import Crypto
import Text

/// Computes the digests of the services of one type. The work that is the same for all of them is done once.
struct ConfigurationDigests {
    private let form: ConfigurationForm?
    /// A hash that has read the form's head.
    private var head = SHA256()
    /// The part of the secrets that affects a digest. A value that is set has a stamp of its own, which stays when the
    /// key is replaced; a secret that was deleted and created again counts as another one.
    private var secrets: [UInt8] = []
    private var bytes: [UInt8]

    init(_ template: ConfigurationTemplate, _ cloud: Cloud) {
        form = ConfigurationForm(template)
        bytes = form?.head ?? []
        head.update(data: bytes)
        for name in template.secrets.keys.sorted() {
            secrets += "\n\(name) \(cloud.secrets[name]?.revision ?? 0) ".utf8
            secrets += cloud.secrets[name]?.stamp ?? []
        }
    }

    /// The digest of a service's configuration; `nil` if it has none. Cost: grows with the length of the part that
    /// differs among services.
    package mutating func digest(for variables: ServiceVariables) -> String? {
        guard let form else { return nil }
        bytes.removeLast(bytes.count - form.head.count)
        guard form.append(variables, to: &bytes) else { return nil }
        var hash = head
        bytes.withUnsafeBytes { hash.update(bufferPointer: .init(rebasing: $0[form.head.count...])) }
        hash.update(data: secrets)
        return hash.finalize().prefix(16).hexadecimal
    }
}

extension ConfigurationTemplate {
    /// Why a service has no configuration; empty if it has one. Cost: grows with the size of the template.
    package func faults(for variables: ServiceVariables) -> [ConfigurationError] {
        let resolution = resolved(variables)
        guard resolution.errors.isEmpty else { return resolution.errors }
        guard resolution.root.json.count > Self.largest else { return [] }
        return [
            ConfigurationError(
                root.origin.position, "the configuration has more than \(Self.largest) bytes as JSON")
        ]
    }
}
