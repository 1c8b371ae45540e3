import JSON
import Names

/// The kinds of things the registry holds.
public enum ResourceKind: String, Sendable, Hashable, CaseIterable {
    case location, pool, egress, server, type, service
    /// A bearer token, in the event log only.
    case token
    /// What ADMIN remembers of a gateway; its name is `location/gateway`.
    case gateway
    /// The mark of a deleted section, which was released.
    case mark
    /// A secret; never its value.
    case secret
    /// What a gateway says of the health of a service, in the event log only; or of all its checks, by the name
    /// `location/gateway`.
    case health
    /// A version of a type, `type name` or `type name/variant`; its mark, its signatures.
    case version
    /// Something that a server does once, by its identifier.
    case job
    /// The change of a type to another version, by its number.
    case rollout
    /// The move of a service to another server, by the service's name.
    case move
    /// Crashes of one fault, by their fingerprint; in the event log, and in the report on their removal.
    case crash
}

/// What happens to one of them.
public enum ChangeAction: String, Sendable, Hashable, CaseIterable {
    case create, update, delete
}

/// What a write did, or with `dry_run=true` would do. The lists are empty when nothing changes.
public struct ChangeReport: Sendable, Hashable {
    /// One changed thing of the registry.
    public struct Change: Sendable, Hashable {
        public var action: ChangeAction
        public var kind: ResourceKind
        /// The name of the object; `location/pool` for a pool, `location/rule` for an egress rule.
        public var name: String
        /// The object before, as one line for people; `nil` if it is created, or if there is no such line.
        public var before: String?
        /// The object afterwards, as one line for people; `nil` if it is deleted, or if there is no such line.
        public var after: String?

        public init(
            action: ChangeAction, kind: ResourceKind, name: String, before: String? = nil, after: String? = nil
        ) {
            self.action = action
            self.kind = kind
            self.name = name
            self.before = before
            self.after = after
        }
    }

    /// The changed objects.
    public var changes: [Change]
    /// The locations whose export differs.
    public var export: [ExportChange]
    /// How the configurations differ of services that exist both before and afterwards.
    public var configurations: [ConfigurationChange]

    /// Consequences that are allowed but worth knowing, each with its place.
    public var warnings: [Problem.Fault]
    /// The registry's generation afterwards, of which a `Confirmation` can be asked for; `nil` in a dry run, and where
    /// the change is none of the registry's cloud.
    public var generation: Int?

    public init(
        changes: [Change], export: [ExportChange], configurations: [ConfigurationChange] = [],
        warnings: [Problem.Fault] = [], generation: Int? = nil
    ) {
        self.generation = generation
        self.changes = changes
        self.export = export
        self.configurations = configurations
        self.warnings = warnings
    }
}

/// How the services export of one location differs: lines of `services.csv`, without the line end.
public struct ExportChange: Sendable, Hashable {
    /// A row that stays with other values (weight, ports, …).
    public struct Line: Sendable, Hashable {
        public var before: String
        public var after: String

        public init(before: String, after: String) {
            self.before = before
            self.after = after
        }
    }

    public var location: String
    /// Rows that only the new export has.
    public var added: [String]
    /// Rows that only the old export has.
    public var removed: [String]
    /// Rows that have other values.
    public var changed: [Line]

    public init(location: String, added: [String], removed: [String], changed: [Line]) {
        self.location = location
        self.added = added
        self.removed = removed
        self.changed = changed
    }
}

// MARK: Forms

extension ChangeReport: Described {
    package static let form = Form<Self>.object(
        "ChangeReport", .required("changes", .list(of: Change.form), \.changes),
        .required("export", .list(of: ExportChange.form), \.export),
        .required("configurations", .list(of: ConfigurationChange.form), \.configurations),
        .required("warnings", .list(of: Problem.Fault.form), before: [], \.warnings),
        .present("generation", .integer(atLeast: 0), \.generation)
    ) { ChangeReport(changes: $0, export: $1, configurations: $2, warnings: $3, generation: $4) }
}

extension ChangeReport.Change: Described {
    package static let form = Form<Self>.object(
        nil, .required("action", .choice, \.action), .required("kind", .choice, \.kind),
        .required("name", .text, \.name), .nullable("before", .text, \.before), .nullable("after", .text, \.after)
    ) { ChangeReport.Change(action: $0, kind: $1, name: $2, before: $3, after: $4) }
}

extension ExportChange: Described {
    package static let form = Form<Self>.object(
        nil, .required("location", .name(.location), \.location),
        .required("added", .list(of: .text), \.added), .required("removed", .list(of: .text), \.removed),
        .required("changed", .list(of: Line.form), \.changed)
    ) { ExportChange(location: $0, added: $1, removed: $2, changed: $3) }
}

extension ExportChange.Line: Described {
    package static let form = Form<Self>.object(
        nil, .required("before", .text, \.before), .required("after", .text, \.after)
    ) { ExportChange.Line(before: $0, after: $1) }
}
