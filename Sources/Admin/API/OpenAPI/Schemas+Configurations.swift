import AdminAPI
import JSON

extension Schemas {
    /// Of combined configurations and secrets.
    static let ofConfigurations: [(String, JSONValue)] = [
        (
            "ConfigurationExplanation",
            object(
                required: ["service", "values", "deleted"],
                [
                    ("service", serviceName),
                    (
                        "values",
                        list(
                            of: object(
                                required: ["path", "value", "from", "overrode"],
                                [
                                    ("path", pointer), ("value", jsonText), ("from", reference("ValueOrigin")),
                                    ("overrode", overridden),
                                ]))
                    ),
                    (
                        "deleted",
                        list(
                            of: object(
                                required: ["path", "by", "overrode"],
                                [("path", pointer), ("by", reference("ValueOrigin")), ("overrode", overridden)]))
                    ),
                ])
        ),
        (
            "ValueOrigin",
            object(
                required: ["file", "line", "column", "type", "sortOrder", "block"],
                [
                    ("file", ["type": "string"]), ("line", positive), ("column", positive), ("type", typeName),
                    ("sortOrder", ["type": "integer", "minimum": 0]), ("block", positive),
                    ("expression", ["type": "string"]),
                ])
        ),
        (
            "Secret",
            object(
                required: ["name", "revision", "changedBy", "changedAt"],
                [("name", name), ("revision", positive), ("changedBy", name), ("changedAt", time)])
        ),
        (
            "SecretChange",
            object(required: ["value"], [("value", ["type": "string", "minLength": 1])])
        ),
    ]

    private static let pointer: JSONValue = ["type": "string", "format": "json-pointer"]
    private static let jsonText: JSONValue = ["type": "string", "description": "The value as JSON text"]
    private static let positive: JSONValue = ["type": "integer", "minimum": 1]
    private static let overridden = list(
        of: object(required: ["value", "from"], [("value", jsonText), ("from", reference("ValueOrigin"))]))
}
