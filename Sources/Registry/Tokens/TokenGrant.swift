public import AdminAPI
package import Cloud
public import Names
import Text

/// A new token: its name, its role and, for some roles, the service or gateway to which it is bound.
public struct TokenGrant: Sendable, Hashable {
    public var name: String
    public var role: TokenRole
    /// The name of the service, for the role `service` only. It need not exist yet.
    public var service: String?
    /// The gateway, for the role `gateway` only.
    public var gateway: GatewayID?
    /// The server, for the roles `server` and `join`; for the role `service` the one on which alone it counts.
    public var server: String?
    /// What it may change, for the role `admin` only.
    public var scope: ChangeScope

    public init(
        name: String, role: TokenRole, service: String? = nil, gateway: GatewayID? = nil, server: String? = nil,
        scope: ChangeScope = .everything
    ) {
        self.server = server
        self.name = name
        self.role = role
        self.service = service
        self.gateway = gateway
        self.scope = scope
    }

    /// The actor in the event log for changes by somebody who may write the database file.
    static let fileOwner = "portcullis-admin"
    /// The actor in the event log for changes while there was no token.
    package static let anonymous = "anonymous"
    /// The actor in the event log when a state ends at the time that was set for it, and of jobs at intervals.
    package static let clock = Job.scheduler
    /// The actor in the event log for what rollouts do by themselves.
    package static let rollouts = Cloud.rolloutAuthor
    /// The actor in the event log when servers are lost or back.
    package static let serverWatch = NodeSilences.author
    /// The actor in the event log when gateways may send to a service because it runs.
    package static let startWatch = "start-watch"
    /// The author of notices about links to masters.
    package static let linkWatch = "link-watch"
    /// What ends soon was found.
    package static let endWatch = "end-watch"
    /// Names that have another meaning in the event log.
    static let reserved: Set = [anonymous, fileOwner, clock, rollouts, serverWatch, startWatch, linkWatch, endWatch]

    /// What is wrong with the grant, each fault with the name of the member.
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
        let needsServer = role == .server || role == .join
        if needsServer != (server != nil), role != .service {
            let rule =
                needsServer ? "must name its server" : "has no server; only the roles server, join and service have"
            faults.append(.init(place: "server", detail: "a token of role \(role) \(rule)"))
        }
        if let problem = server.flatMap({ ObjectName.problem(with: $0, as: .server) }) {
            faults.append(.init(place: "server", detail: "the name of a server \(problem)"))
        }
        if let service, ServiceName(service) == nil {
            faults.append(
                .init(
                    place: "service",
                    detail: "\(service.printed(atMost: 80)) is no service; \(ServiceName.rule)"))
        }
        let names = [("locations", ObjectName.Kind.location, scope.locations), ("types", .type, scope.types)]
        for (member, kind, names) in names where !names.isEmpty {
            if role != .admin {
                faults.append(
                    .init(
                        place: .text(member),
                        detail: "a token of role \(role) has no \(member); only the role admin has"))
            }
            for name in names {
                guard let problem = ObjectName.problem(with: name, as: kind) else { continue }
                faults.append(
                    .init(
                        place: .text(member),
                        detail: "\(name.printed(atMost: 80)): the name of \(kind.phrase) \(problem)"))
            }
        }
        return faults
    }

    /// The text for the event log: `role service of tg.3`, `role admin for location tcn, type pgw`.
    package var summary: String {
        "role \(role)" + ((service ?? gateway?.description ?? server).map { " of \($0)" } ?? "")
            + (role == .service ? server.map { " on \($0)" } ?? "" : "")
            + (scope.isEverything ? "" : " for \(scope)")
    }
}
