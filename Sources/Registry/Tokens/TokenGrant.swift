public import AdminAPI
package import Cloud
import Names
import Text

/// What a new token is to be: its name, its role and, where the role has one, whose it is.
public struct TokenGrant: Sendable, Hashable {
    public var name: String
    public var role: TokenRole
    /// Of the role `service`, and of no other: the name of the service, which need not be there yet.
    public var service: String?
    /// Of the role `gateway`, and of no other.
    public var gateway: GatewayID?

    public init(name: String, role: TokenRole, service: String? = nil, gateway: GatewayID? = nil) {
        self.name = name
        self.role = role
        self.service = service
        self.gateway = gateway
    }

    /// Who the event log says has changed a token: whoever may write the database file.
    static let fileOwner = "portcullis-admin"
    /// Who the event log says has changed something while there was no token.
    package static let anonymous = "anonymous"
    /// Names that the event log has another meaning for.
    static let reserved: Set = [anonymous, fileOwner]

    /// What is wrong with it, each fault at the member's name.
    package var faults: [Fault] {
        var faults: [Fault] = []
        if let problem = ObjectName.problem(with: name, as: .token) {
            faults.append(.init(place: "name", detail: "the name \(problem)"))
        } else if Self.reserved.contains(name) {
            faults.append(.init(place: "name", detail: "the name \(name) has another meaning in the event log"))
        }
        let subjects = [("service", service != nil, TokenRole.service), ("gateway", gateway != nil, .gateway)]
        for (member, isGiven, owner) in subjects where isGiven != (role == owner) {
            let rule = isGiven ? "has no \(member); only the role \(owner) has" : "must name its \(member)"
            faults.append(.init(place: .text(member), detail: "a token of role \(role) \(rule)"))
        }
        if let service, ServiceName(service) == nil {
            faults.append(
                .init(
                    place: "service",
                    detail: "\(service.printed(atMost: 80)) is no service; \(ServiceName.rule)"))
        }
        return faults
    }

    /// What the event log says of it: `role service of tg.3`.
    package var summary: String {
        "role \(role)" + ((service ?? gateway?.description).map { " of \($0)" } ?? "")
    }
}
