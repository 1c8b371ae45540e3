/// A secret in the place of a value.
public struct SecretReference: Sendable, Hashable {
    /// The form in which the secret's value is put in.
    public enum Form: Sendable, Hashable {
        /// As it is: it must be a text.
        case text
        /// As Base64 (RFC 4648, section 4), of any value.
        case base64
    }

    public let name: String
    public let form: Form

    /// The marker that stands before the name.
    var marker: ConfigurationMarker { form == .text ? .secret : .base64Secret }
}

/// What the value of a secret is.
public enum SecretKind: String, Sendable, Hashable {
    /// UTF-8.
    case text
    /// Any other bytes.
    case binary
}
