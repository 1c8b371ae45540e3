import JSON

/// How the combined configurations of some services differ, all of them in the same way.
public struct ConfigurationChange: Sendable, Hashable {
    /// One value that comes, goes or differs.
    public struct Line: Sendable, Hashable {
        /// A JSON pointer into the configuration (RFC 6901).
        public var path: String
        /// The value before, as JSON text; `nil` if it is added.
        public var before: String?
        /// The value afterwards, as JSON text; `nil` if it is removed.
        public var after: String?

        public init(path: String, before: String?, after: String?) {
            self.path = path
            self.before = before
            self.after = after
        }
    }

    /// Names of the services, by type and index.
    public var services: [String]
    public var lines: [Line]
    /// `true`: the lines are left out because the report would have too many. The services may differ in different
    /// ways.
    public var omitted: Bool?

    public init(services: [String], lines: [Line], omitted: Bool? = nil) {
        self.services = services
        self.lines = lines
        self.omitted = omitted
    }
}

extension ConfigurationChange: Described {
    package static let form = Form<Self>.object(
        nil, .required("services", .list(of: .serviceName), \.services),
        .required("lines", .list(of: Line.form), \.lines), .present("omitted", .boolean, \.omitted)
    ) { ConfigurationChange(services: $0, lines: $1, omitted: $2) }
}

extension ConfigurationChange.Line: Described {
    package static let form = Form<Self>.object(
        nil, .required("path", .pointer, \.path), .nullable("before", .text, \.before),
        .nullable("after", .text, \.after)
    ) { ConfigurationChange.Line(path: $0, before: $1, after: $2) }
}
