import AdminAPI
import Cloud
import JSON

/// The schemas of `/openapi.json` (JSON Schema 2020-12), each as precise as the code that reads or writes the value.
enum Schemas {
    static let name: JSONValue = ["type": "string", "pattern": .string(ObjectName.pattern(.location))]
    static let typeName: JSONValue = ["type": "string", "pattern": .string(ObjectName.pattern(.type))]
    static let serviceName: JSONValue = ["type": "string", "pattern": .string(ServiceInstance.namePattern)]
    static let index: JSONValue = [
        "type": "integer", "minimum": 1, "maximum": .integer(ServiceInstance.maximumIndex),
    ]

    /// The schema of a parameter of the path.
    static func pathParameter(_ name: String) -> JSONValue {
        switch name {
        case "service": serviceName
        case "type": typeName
        case "mark": ["type": "integer", "minimum": 256, "maximum": 65535]
        default: Self.name
        }
    }
    static let kind: JSONValue = ["type": "string", "enum": ["app", "db", "archive", "gateway"]]
    static let labels: JSONValue = [
        "type": "array", "maxItems": .integer(Limits.serverLabels), "uniqueItems": true, "items": name,
    ]
    static let state: JSONValue = ["type": "string", "enum": ["ready", "drain", "maint"]]
    static let weight: JSONValue = [
        "type": ["integer", "null"], "minimum": 0, "maximum": 65535,
        "description": "null: the weight of the type's gateway section",
    ]
    static let time: JSONValue = ["type": "string", "format": "date-time"]
    static let nullableText: JSONValue = ["type": ["string", "null"]]
    static let description: JSONValue = [
        "type": ["string", "null"], "maxLength": 1000, "pattern": #"^[^\u0000-\u001f\u007f]*$"#,
    ]
    static let source: JSONValue = [
        "type": "string", "description": "The YAML text of the type's meta-configuration",
    ]

    static func pathExample(_ name: String) -> JSONValue {
        switch name {
        case "location": "tcn"
        case "pool": "www-ip"
        case "server": "app1"
        case "type": "tg"
        case "gateway": "gw1"
        case "mark": 256
        case "secret": "db-password"
        case "token": "ops"
        default: "tg.1"
        }
    }

    static func reference(_ name: String) -> JSONValue {
        ["$ref": .string("#/components/schemas/\(name)")]
    }

    static func nullable(_ schema: JSONValue) -> JSONValue { ["anyOf": [schema, ["type": "null"]]] }

    static func list(of items: JSONValue) -> JSONValue { ["type": "array", "items": items] }

    /// Addresses as they are read: IPv4 or IPv6 text, each once.
    static func addresses(atMost maximum: Int) -> JSONValue {
        [
            "type": "array", "minItems": 1, "maxItems": .integer(maximum), "uniqueItems": true,
            "items": ["type": "string", "anyOf": [["format": "ipv4"], ["format": "ipv6"]]],
        ]
    }

    /// An object whose members are all known; `required` names those that must be there.
    static func object(required: [String], _ members: [(String, JSONValue)]) -> JSONValue {
        var schema: [JSONValue.Member] = [
            .init(name: "type", value: "object"),
            .init(name: "additionalProperties", value: false),
            .init(name: "properties", value: .object(members.map { .init(name: $0.0, value: $0.1) })),
        ]
        if !required.isEmpty {
            schema.append(.init(name: "required", value: .array(required.map { .string($0) })))
        }
        return .object(schema)
    }

    /// The shared schemas, under `#/components/schemas`.
    static let components: [(String, JSONValue)] =
        resources + ofConfigurations + ofTokens + changes + reports

    private static let resources: [(String, JSONValue)] = [
        (
            "Location",
            object(required: ["name"], [("name", name), ("description", description)])
        ),
        (
            "Pool",
            object(
                required: ["location", "name", "addresses"],
                [
                    ("location", name), ("name", name),
                    ("addresses", addresses(atMost: Limits.poolAddresses)),
                ])
        ),
        (
            "Server",
            object(
                required: ["name", "location", "kind", "addresses"],
                [
                    ("name", name), ("location", name), ("kind", kind),
                    ("addresses", addresses(atMost: Limits.serverAddresses)), ("labels", labels),
                ])
        ),
        (
            "TypeSummary",
            object(
                required: ["type", "revision", "changedBy", "changedAt"],
                [
                    ("type", typeName), ("revision", ["type": "integer", "minimum": 1]),
                    ("changedBy", name), ("changedAt", time),
                ])
        ),
        (
            "Type",
            object(
                required: ["type", "revision", "source", "changedBy", "changedAt"],
                [
                    ("type", typeName), ("revision", ["type": "integer", "minimum": 1]), ("source", source),
                    ("changedBy", name), ("changedAt", time),
                ])
        ),
        (
            "Service",
            object(
                required: ["name", "type", "index", "server", "state", "weight"],
                [
                    ("name", serviceName), ("type", typeName),
                    ("index", index),
                    ("server", name), ("state", state), ("weight", weight),
                ])
        ),
        (
            "Gateway",
            object(
                required: ["name", "location", "since", "lastPoll", "age", "inSync"],
                [
                    ("name", name), ("location", name),
                    ("role", ["type": ["string", "null"], "enum": ["active", "passive", nil]]),
                    ("applied", nullableText), ("since", time), ("lastPoll", time),
                    ("age", ["type": "number", "minimum": 0]), ("current", nullableText),
                    ("inSync", ["type": "boolean"]), ("held", reference("HeldExport")),
                    ("failures", ["type": "integer", "minimum": 0]),
                ])
        ),
        (
            "HeldExport",
            object(
                required: ["etag", "decision", "since"],
                [
                    ("etag", ["type": "string"]), ("reason", ["type": "string"]),
                    ("decision", ["type": "string", "enum": ["pending", "rejected"]]), ("since", time),
                ])
        ),
        (
            "Mark",
            object(
                required: ["mark", "type", "section", "inUse"],
                [
                    ("mark", pathParameter("mark")), ("type", typeName),
                    ("section", name), ("protocol", ["type": "string", "enum": ["udp"]]), ("since", time),
                    ("inUse", ["type": "boolean"]),
                ])
        ),
        (
            "Event",
            object(
                required: ["id", "time", "actor", "action", "kind", "name"],
                [
                    ("id", ["type": "integer", "minimum": 1]), ("time", time), ("actor", name),
                    ("action", action), ("kind", resourceKind), ("name", ["type": "string"]),
                    ("before", nullableText), ("after", nullableText),
                ])
        ),
        (
            "EventPage",
            object(
                required: ["events"],
                [
                    ("events", list(of: reference("Event"))),
                    ("next", ["type": ["integer", "null"], "minimum": 1]),
                ])
        ),
    ]

    private static let action: JSONValue = ["type": "string", "enum": ["create", "update", "delete"]]
    private static let resourceKind: JSONValue = [
        "type": "string",
        "enum": ["location", "pool", "server", "type", "service", "token", "gateway", "mark", "secret"],
    ]

    private static let changes: [(String, JSONValue)] = [
        ("LocationChange", object(required: [], [("name", name), ("description", description)])),
        (
            "PoolChange",
            object(
                required: ["addresses"],
                [("location", name), ("name", name), ("addresses", addresses(atMost: Limits.poolAddresses))])
        ),
        (
            "ServerChange",
            object(
                required: ["location", "kind", "addresses"],
                [
                    ("name", name), ("location", name), ("kind", kind),
                    ("addresses", addresses(atMost: Limits.serverAddresses)), ("labels", nullable(labels)),
                ])
        ),
        (
            "ServerPatch",
            object(
                required: [],
                [
                    ("location", name), ("kind", kind),
                    ("addresses", addresses(atMost: Limits.serverAddresses)), ("labels", labels),
                ])
        ),
        (
            "ServiceCreation",
            object(
                required: ["type", "server"],
                [("type", typeName), ("server", name), ("state", state), ("weight", weight)])
        ),
        (
            "ServiceChange",
            object(
                required: ["server"],
                [
                    ("name", serviceName), ("type", typeName),
                    ("index", index),
                    ("server", name), ("state", state), ("weight", weight),
                ])
        ),
        (
            "ServicePatch",
            object(required: [], [("server", name), ("state", state), ("weight", weight)])
        ),
        (
            "Apply",
            object(
                required: [],
                [
                    (
                        "locations",
                        ["type": "array", "maxItems": .integer(Limits.applied), "items": reference("Location")]
                    ),
                    ("pools", ["type": "array", "maxItems": .integer(Limits.applied), "items": reference("Pool")]),
                    ("servers", ["type": "array", "maxItems": .integer(Limits.applied), "items": reference("Server")]),
                    (
                        "types",
                        [
                            "type": "array", "maxItems": .integer(Limits.applied),
                            "items": object(required: ["name", "source"], [("name", typeName), ("source", source)]),
                        ]
                    ),
                    (
                        "services",
                        [
                            "type": "array", "maxItems": .integer(Limits.applied),
                            "items": object(
                                required: ["name", "server"],
                                [("name", serviceName), ("server", name), ("state", state), ("weight", weight)]),
                        ]
                    ),
                    ("prune", ["type": "boolean", "default": false]),
                    (
                        "yesDelete",
                        [
                            "type": ["integer", "null"], "minimum": 0, "maximum": .integer(Limits.applied * 5),
                            "description":
                                "How many things the prune deletes: needed where that is a large part of the cloud",
                        ]
                    ),
                ])
        ),
    ]

    /// Places of a request, or of the cloud, and what there is to say of each.
    private static let faults = list(
        of: object(required: ["pointer", "detail"], [("pointer", ["type": "string"]), ("detail", ["type": "string"])]))

    private static let reports: [(String, JSONValue)] = [
        (
            "ChangeReport",
            object(
                required: ["changes", "export", "configurations", "warnings"],
                [
                    (
                        "changes",
                        list(
                            of: object(
                                required: ["action", "kind", "name"],
                                [("action", action), ("kind", resourceKind), ("name", ["type": "string"])]))
                    ),
                    (
                        "export",
                        list(
                            of: object(
                                required: ["location", "added", "removed", "changed"],
                                [
                                    ("location", name), ("added", list(of: ["type": "string"])),
                                    ("removed", list(of: ["type": "string"])),
                                    (
                                        "changed",
                                        list(
                                            of: object(
                                                required: ["before", "after"],
                                                [("before", ["type": "string"]), ("after", ["type": "string"])]))
                                    ),
                                ]))
                    ),
                    (
                        "configurations",
                        list(
                            of: object(
                                required: ["services", "lines"],
                                [
                                    ("services", list(of: serviceName)),
                                    (
                                        "lines",
                                        list(
                                            of: object(
                                                required: ["path"],
                                                [
                                                    ("path", ["type": "string", "format": "json-pointer"]),
                                                    ("before", nullableText), ("after", nullableText),
                                                ]))
                                    ), ("omitted", ["type": "boolean"]),
                                ]))
                    ),
                    ("warnings", faults),
                ])
        ),
        (
            "Problem",
            object(
                required: ["type", "title", "status", "detail", "errors"],
                [
                    ("type", ["type": "string", "format": "uri-reference"]), ("title", ["type": "string"]),
                    ("status", ["type": "integer", "minimum": 400, "maximum": 599]),
                    ("detail", ["type": "string"]),
                    ("errors", faults),
                ])
        ),
        ("Health", object(required: ["status"], [("status", ["type": "string", "enum": ["ok"]])])),
    ]
}

/// How much one request may hold.
enum Limits {
    static let poolAddresses = 1024
    /// One per family.
    static let serverAddresses = 2
    static let serverLabels = 64
    /// Elements of each list of an apply.
    static let applied = 100_000
    /// Bytes of a JSON body.
    static let body = 1 << 20
    /// Bytes of a meta-configuration.
    static let source = 1 << 20
    /// Bytes of an apply.
    static let apply = 64 << 20
    /// Events of one page.
    static let events = 1000
}
