import JSON
import Names

/// Where the values of a service's configuration come from (`GET /v1/services/{service}/config?explain=true`).
public struct ConfigurationExplanation: Sendable, Hashable {
    /// Where a value was written.
    public struct Origin: Sendable, Hashable {
        /// The meta-configuration: `logger.yaml`.
        public var file: String
        public var line: Int
        public var column: Int
        /// The block: the type whose file has it, its sort order, and its number among the file's blocks, from 1.
        public var type: String
        public var sortOrder: Int
        public var block: Int
        /// The text as it was written, if it is not the value: `${server.address}`.
        public var expression: String?

        public init(
            file: String, line: Int, column: Int, type: String, sortOrder: Int, block: Int, expression: String?
        ) {
            self.file = file
            self.line = line
            self.column = column
            self.type = type
            self.sortOrder = sortOrder
            self.block = block
            self.expression = expression
        }
    }

    /// A value that a later block took the place of.
    public struct Overridden: Sendable, Hashable {
        /// As JSON text, cut where it is long.
        public var value: String
        public var from: Origin

        public init(value: String, from: Origin) {
            self.value = value
            self.from = from
        }
    }

    /// A single value, or an empty list or mapping.
    public struct Value: Sendable, Hashable {
        /// A JSON pointer (RFC 6901).
        public var path: String
        /// The value as JSON text; for a secret, its name.
        public var value: String
        public var from: Origin
        /// The values that it has replaced, the oldest first.
        public var overrode: [Overridden]

        public init(path: String, value: String, from: Origin, overrode: [Overridden]) {
            self.path = path
            self.value = value
            self.from = from
            self.overrode = overrode
        }
    }

    /// What a block has taken out.
    public struct Deleted: Sendable, Hashable {
        /// A JSON pointer (RFC 6901).
        public var path: String
        public var by: Origin
        /// The deleted value, and those that it had replaced, the oldest first.
        public var overrode: [Overridden]

        public init(path: String, by: Origin, overrode: [Overridden]) {
            self.path = path
            self.by = by
            self.overrode = overrode
        }
    }

    public var service: String
    /// In the order of the configuration.
    public var values: [Value]
    public var deleted: [Deleted]

    public init(service: String, values: [Value], deleted: [Deleted]) {
        self.service = service
        self.values = values
        self.deleted = deleted
    }
}

// MARK: Forms

/// A value as JSON text.
private let jsonText = Form<String>.text.described("The value as JSON text")

extension ConfigurationExplanation: Described {
    package static let form = Form<Self>.object(
        "ConfigurationExplanation", .required("service", .serviceName, \.service),
        .required("values", .list(of: Value.form), \.values),
        .required("deleted", .list(of: Deleted.form), \.deleted)
    ) { ConfigurationExplanation(service: $0, values: $1, deleted: $2) }
}

extension ConfigurationExplanation.Origin: Described {
    package static let form = Form<Self>.object(
        "ValueOrigin", .required("file", .text, \.file), .required("line", countFromOne, \.line),
        .required("column", countFromOne, \.column), .required("type", .name(.type), \.type),
        .required("sortOrder", .integer(atLeast: 0), \.sortOrder), .required("block", countFromOne, \.block),
        .present("expression", .text, \.expression)
    ) {
        ConfigurationExplanation.Origin(
            file: $0, line: $1, column: $2, type: $3, sortOrder: $4, block: $5, expression: $6)
    }
}

extension ConfigurationExplanation.Overridden: Described {
    package static let form = Form<Self>.object(
        nil, .required("value", jsonText, \.value),
        .required("from", ConfigurationExplanation.Origin.form, \.from)
    ) { ConfigurationExplanation.Overridden(value: $0, from: $1) }
}

extension ConfigurationExplanation.Value: Described {
    package static let form = Form<Self>.object(
        nil, .required("path", .pointer, \.path), .required("value", jsonText, \.value),
        .required("from", ConfigurationExplanation.Origin.form, \.from),
        .required("overrode", .list(of: ConfigurationExplanation.Overridden.form), \.overrode)
    ) { ConfigurationExplanation.Value(path: $0, value: $1, from: $2, overrode: $3) }
}

extension ConfigurationExplanation.Deleted: Described {
    package static let form = Form<Self>.object(
        nil, .required("path", .pointer, \.path), .required("by", ConfigurationExplanation.Origin.form, \.by),
        .required("overrode", .list(of: ConfigurationExplanation.Overridden.form), \.overrode)
    ) { ConfigurationExplanation.Deleted(path: $0, by: $1, overrode: $2) }
}
