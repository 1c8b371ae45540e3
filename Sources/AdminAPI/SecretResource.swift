import JSON
import Names

/// A secret in a list (`GET /v1/secrets`): never its value.
public struct SecretResource: Sendable, Hashable {
    public var name: String
    /// The number of its present value, counted from 1.
    public var revision: Int
    /// The author of its present value: the name of a token, or `anonymous`.
    public var changedBy: String
    /// When the present value was set, RFC 3339 in UTC.
    public var changedAt: String

    public init(name: String, revision: Int, changedBy: String, changedAt: String) {
        self.name = name
        self.revision = revision
        self.changedBy = changedBy
        self.changedAt = changedAt
    }
}

/// Body of `PUT /v1/secrets/{secret}`.
public struct SecretChange: Sendable, Hashable {
    /// 1 to 65,536 bytes.
    public var value: String

    public init(value: String) { self.value = value }
}

extension SecretResource: Described {
    package static let form = Form<Self>.object(
        "Secret", .required("name", .name(.secret), \.name), .required("revision", countFromOne, \.revision),
        .required("changedBy", .actor, \.changedBy), .required("changedAt", .time, \.changedAt)
    ) { SecretResource(name: $0, revision: $1, changedBy: $2, changedAt: $3) }
}

extension SecretChange: Described {
    package static let form = Form<Self>.object(
        "SecretChange", .required("value", .bytes(1...Limits.secret), \.value)
    ) { SecretChange(value: $0) }
}
