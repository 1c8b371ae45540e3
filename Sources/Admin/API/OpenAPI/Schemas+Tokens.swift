import AdminAPI
import JSON
import Registry

extension Schemas {
    static let role: JSONValue = [
        "type": "string", "enum": .array(TokenRole.allCases.map { .string($0.rawValue) }),
    ]
    static let gatewayID: JSONValue = [
        "type": "string",
        "pattern": "^[a-z0-9][a-z0-9._-]{0,62}/[a-z0-9][a-z0-9._-]{0,62}$",
    ]

    static let ofTokens: [(String, JSONValue)] = [
        (
            "Token",
            object(
                required: ["name", "role", "createdAt"],
                [
                    ("name", name), ("role", role), ("service", serviceName), ("gateway", gatewayID),
                    ("createdAt", time), ("expiresAt", time), ("lastUsedAt", time),
                ])
        ),
        (
            "TokenCreation",
            object(
                required: ["name", "role"],
                [
                    ("name", name), ("role", role), ("service", nullable(serviceName)),
                    ("gateway", nullable(gatewayID)), ("expiresAt", nullable(time)),
                ])
        ),
        (
            "CreatedToken",
            object(
                required: ["token"],
                [("token", reference("Token")), ("secret", ["type": "string"])])
        ),
    ]
}
