import AdminAPI
import JSON
import Names

/// The schemas of path parameters (JSON Schema 2020-12). The schemas of bodies come from their forms.
enum Schemas {
    static let name = Form<String>.name(.location).schema

    static func pathParameter(_ name: String) -> JSONValue {
        switch name {
        case "service": Form<String>.serviceName.schema
        case "type": Form<String>.name(.type).schema
        case "job": ["type": "string", "pattern": "^[1-9][0-9]{0,9}-[0-9a-f]{8}$"]
        case "rollout": ["type": "string", "pattern": "^[1-9][0-9]{0,18}$"]
        case "notice": ["type": "string", "pattern": "^[1-9][0-9]{0,18}$"]
        case "mark": Form<Int>.integer(Limits.marks).schema
        case "version": Form<String>.versionName.schema
        case "digest": Form<String>.digest.schema
        case "fingerprint": Form<String>.fingerprint.schema
        case "crash": Form<String>.crashID.schema
        default: Self.name
        }
    }

    static func pathExample(_ name: String) -> JSONValue {
        switch name {
        case "location": "tcn"
        case "pool": "www-ip"
        case "egress": "out"
        case "server": "app1"
        case "type": "tg"
        case "gateway": "gw1"
        case "mark": 256
        case "secret": "db-password"
        case "token": "ops"
        case "version": "1.5.0"
        case "digest": .string(String(repeating: "0123456789abcdef", count: 4))
        case "job": "1-0123abcd"
        case "rollout": "1"
        case "notice": "1"
        case "fingerprint": "0123456789abcdef"
        case "crash": "0123456789abcdef01234567"
        default: "tg.1"
        }
    }
}
