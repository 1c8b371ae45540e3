import FoundationEssentials
import JSON
import Names

/// A secret in a list (`GET /v1/secrets`): never its value.
public struct SecretResource: Sendable, Hashable {
    public var name: String
    /// What its present value is.
    public var kind: Kind
    /// The number of its present value, counted from 1.
    public var revision: Int
    /// The author of its present value: the name of a token, or `anonymous`.
    public var changedBy: String
    /// When the present value was set, RFC 3339 in UTC.
    public var changedAt: String

    /// Kinds of values.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// UTF-8.
        case text
        /// Any other bytes, which configurations get as Base64.
        case binary
    }

    public init(name: String, kind: Kind, revision: Int, changedBy: String, changedAt: String) {
        self.name = name
        self.kind = kind
        self.revision = revision
        self.changedBy = changedBy
        self.changedAt = changedAt
    }
}

/// Body of `PUT /v1/secrets/{secret}`: the value as text, or any bytes.
public struct SecretChange: Sendable, Hashable {
    /// A text of 1 to 65,536 bytes.
    public var value: String?
    /// 1 to 65,536 bytes.
    public var base64: [UInt8]?

    public init(value: String) { self.value = value }
    public init(bytes: [UInt8]) { base64 = bytes }

    fileprivate init(_ value: String?, _ base64: [UInt8]?) {
        self.value = value
        self.base64 = base64
    }

    /// The bytes of the value.
    public var bytes: [UInt8] { base64 ?? Array((value ?? "").utf8) }
}

extension SecretResource: Described {
    package static let form = Form<Self>.object(
        "Secret", .required("name", .name(.secret), \.name),
        .required("kind", .choice, before: .text, \.kind), .required("revision", countFromOne, \.revision),
        .required("changedBy", .actor, \.changedBy), .required("changedAt", .time, \.changedAt)
    ) { SecretResource(name: $0, kind: $1, revision: $2, changedBy: $3, changedAt: $4) }
}

extension SecretChange: Described {
    package static let form = Form<Self>.object(
        "SecretChange", .present("value", .bytes(1...Limits.secret), \.value),
        .present("base64", .base64(1...Limits.secret), \.base64)
    ) { SecretChange($0, $1) }
    .exactlyOne(of: "value", "base64")
}

extension Form where Value == [UInt8] {
    /// Bytes in Base64, whose number is limited, and which no message repeats.
    fileprivate static func base64(_ range: ClosedRange<Int>) -> Form {
        Form(
            schema: [
                "type": "string", "contentEncoding": "base64", "minLength": .integer((range.lowerBound + 2) / 3 * 4),
                "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
            ],
            read: { field in
                guard let text = field.string() else { return nil }
                guard let bytes = Data(base64Encoded: text), range.contains(bytes.count) else {
                    field.fault(
                        "Base64 (RFC 4648) of \(range.lowerBound) to \(range.upperBound) bytes is expected")
                    return nil
                }
                return Array(bytes)
            }, write: { .string(Data($0).base64EncodedString()) })
    }
}
