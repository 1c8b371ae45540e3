/// The ETags of a service's configuration: each of its forms has one of its own.
package enum ConfigurationTag {
    /// The ETag, including quotes.
    ///
    /// - Parameter digest: of the configuration, as in `ConfigurationSet`.
    package static func of(_ digest: String, isYAML: Bool, showsSecrets: Bool) -> String {
        "\"\(digest)\((isYAML ? 1 : 0) + (showsSecrets ? 2 : 0))\""
    }

    /// That of the form which a service's master fetches: YAML, with its secrets.
    package static func ofMaster(_ digest: String) -> String { of(digest, isYAML: true, showsSecrets: true) }
}
