import AdminAPI
import Cloud
import HTTPTypes
import Hummingbird
import JSON
import Names
import Registry
import ServicesExport

/// A gateway's poll: its identity, and its report of itself.
struct Heartbeat {
    var id: GatewayID
    var content: GatewayHeartbeat

    /// `nil` if the request is not from a gateway: it has no name, or a token of another role.
    ///
    /// Throws a 403 when the token is of another gateway, or of one at another location.
    ///
    /// - Parameter version: The newest version of the export that it reads.
    init?(_ request: APIRequest, _ version: ServicesCSV.Version) throws {
        let headers = request.headers
        let name = try headers.value(.portcullisGateway, "is no valid name") { text in
            ObjectName.isValid(text, as: .gateway) ? text : nil
        }
        content = GatewayHeartbeat(
            role: try headers.value(.portcullisRole, "is active or passive", GatewayResource.Role.init),
            applied: try headers.value(.portcullisApplied, "is no entity tag", Self.entityTag),
            held: try Self.held(headers),
            failures: try headers.value(.portcullisFailures, "is a number from 0 to 999999999", Self.count),
            exportVersion: version)
        let location = request.parameter("location")
        if let owner = request.identity.gateway, owner.location != location || name.map({ $0 != owner.name }) ?? false {
            throw Authenticator.forbidden(
                "Token \(request.identity.name) belongs to the gateway \(owner) and may fetch no other gateway's export."
            )
        }
        guard let name, request.identity.role == .gateway || request.identity == .anonymous else { return nil }
        id = GatewayID(location: location, name: name)
    }

    /// Reason and decision belong to the held export, and mean nothing without it.
    private static func held(_ headers: HTTPFields) throws -> GatewayHeartbeat.Held? {
        let tag = try headers.value(.portcullisHeld, "is no entity tag", entityTag)
        let limit = GatewayHeader.longestHeldReason
        let reason = try headers.value(.portcullisHeldReason, "is printable ASCII, at most \(limit) bytes") { text in
            isText(text, 0x20...0x7E, atMost: limit) ? text : nil
        }
        let decision = try headers.value(
            .portcullisHeldDecision, "is pending or rejected", GatewayResource.HeldExport.Decision.init)
        return tag.map { GatewayHeartbeat.Held(tag: $0, reason: reason, decision: decision ?? .pending) }
    }

    private static func entityTag(_ text: String) -> String? {
        isText(text, 0x21...0x7E, atMost: 128) ? text : nil
    }

    private static func count(_ text: String) -> Int? {
        guard isText(text, 0x30...0x39, atMost: 9), text == "0" || text.utf8.first != 0x30 else { return nil }
        return Int(text)
    }

    private static func isText(_ text: String, _ bytes: ClosedRange<UInt8>, atMost length: Int) -> Bool {
        !text.isEmpty && text.utf8.count <= length && text.utf8.allSatisfy(bytes.contains)
    }
}

extension Heartbeat {
    /// The headers, as described in `/openapi.json`.
    static let parameters: [Route.Parameter] = [
        Route.Parameter(
            name: GatewayHeader.name, summary: "The gateway that asks: the poll is its heartbeat", schema: Schemas.name),
        Route.Parameter(
            name: GatewayHeader.role, summary: "Its role in the cluster",
            schema: ["type": "string", "enum": ["active", "passive"]]),
        Route.Parameter(
            name: GatewayHeader.applied, summary: "The ETag of the export it has applied", schema: tagSchema),
        Route.Parameter(
            name: GatewayHeader.held, summary: "The ETag of an export that its guard holds back", schema: tagSchema),
        Route.Parameter(
            name: GatewayHeader.heldReason, summary: "Why it is held back",
            schema: [
                "type": "string",
                "pattern": .string("^[!-~]([ -~]{0,\(GatewayHeader.longestHeldReason - 2)}[!-~])?$"),
            ]),
        Route.Parameter(
            name: GatewayHeader.heldDecision, summary: "What the gateway's operator has said to it",
            schema: ["type": "string", "enum": ["pending", "rejected"], "default": "pending"]),
        Route.Parameter(
            name: GatewayHeader.failures, summary: "Steps that its kernel has refused",
            schema: ["type": "string", "pattern": "^(0|[1-9][0-9]{0,8})$"]),
    ]

    private static let tagSchema: JSONValue = ["type": "string", "pattern": "^[!-~]{1,128}$"]
}

extension HTTPFields {
    /// The value that `read` returns for a field; `nil` if the field is absent. If `read` returns none, throws a 400
    /// that names the field.
    fileprivate func value<Value>(
        _ name: HTTPField.Name, _ rule: String, _ read: (String) -> Value?
    ) throws -> Value? {
        guard let text = self[name] else { return nil }
        guard let value = read(text) else {
            throw APIProblem.badRequest(name.rawName, "\(name.rawName) \(rule).")
        }
        return value
    }
}

extension HTTPField.Name {
    static let portcullisGateway = Self(GatewayHeader.name)!
    static let portcullisRole = Self(GatewayHeader.role)!
    static let portcullisApplied = Self(GatewayHeader.applied)!
    static let portcullisHeld = Self(GatewayHeader.held)!
    static let portcullisHeldReason = Self(GatewayHeader.heldReason)!
    static let portcullisHeldDecision = Self(GatewayHeader.heldDecision)!
    static let portcullisFailures = Self(GatewayHeader.failures)!
}
