/// The tags that tell how a value is merged with that of earlier blocks, or where it comes from.
public enum ConfigurationMarker: String, Sendable, Hashable, CaseIterable {
    /// Appends the items of a list to the present ones.
    case append = "!append"
    /// Replaces the present list or mapping.
    case replace = "!replace"
    /// Deletes the key and everything below it.
    case delete = "!delete"
    /// The value of the secret with this name.
    case secret = "!secret"
    /// The value of the secret with this name, as Base64.
    case base64Secret = "!secret-base64"

    /// The tags, for reading a meta-configuration.
    public static let tags = Set(allCases.map(\.rawValue))
}
