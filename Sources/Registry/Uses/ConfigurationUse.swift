import Text

/// Which configuration a service has fetched last with its own token.
package struct ConfigurationUse: Sendable, Hashable {
    package var service: String
    /// The digest of the configuration.
    package var digest: String
    /// The revisions of the secrets in it.
    package var secrets: [String: Int]
    /// When it fetched this configuration for the first time, RFC 3339 in UTC.
    package var since: String
    /// When it last asked and had this configuration, RFC 3339 in UTC.
    package var last: String

    package init(service: String, digest: String, secrets: [String: Int], since: String, last: String) {
        self.service = service
        self.digest = digest
        self.secrets = secrets
        self.since = since
        self.last = last
    }

    /// The secrets as one text: `db-password 3 tls-key 1`.
    var secretsText: String {
        secrets.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: " ")
    }

    /// Reads the text of `secretsText`.
    static func secrets(_ text: String) -> [String: Int] {
        let words = text.splitBytes(" ", omittingEmpty: true).map { String($0) }
        return stride(from: 0, to: words.count - 1, by: 2).reduce(into: [:]) { $0[words[$1]] = Int(words[$1 + 1]) }
    }
}
