/// The tags that say how a value goes together with what earlier blocks have, or where it comes from.
public enum ConfigurationMarker: String, Sendable, Hashable, CaseIterable {
    /// The items of a list come after those that are there.
    case append = "!append"
    /// A list or a mapping takes the place of what is there.
    case replace = "!replace"
    /// The key goes with all that is below it.
    case delete = "!delete"
    /// The name of a secret stands for its value.
    case secret = "!secret"

    /// The tags, for reading a meta-configuration.
    public static let tags = Set(allCases.map(\.rawValue))
}
