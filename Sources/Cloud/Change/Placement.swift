import Names
import Rollouts
import Text

/// Chooses servers for new instances of a type.
///
/// A server can take one if it has the kind and the labels that the type requires, and, for an exported type, if its
/// location has the pools of the type's sections, if it has an address of each family that they serve, and if no
/// instance of the type is there, in whatever state. A server that is not ready itself gets none. A gateway is chosen
/// only for a type that requires that kind.
///
/// Whatever else forbids an instance (a unique type, a missing type that it needs) is found by the check of the whole
/// cloud, as if the server had been named.
struct Placement {
    private let type: String
    private let isExported: Bool
    private let location: String?
    private var candidates: [Candidate] = []
    /// The servers that cannot take an instance, by reason.
    private var refused: [String: [String]] = [:]

    /// A server that can take an instance. The first in order is the next to get one.
    private struct Candidate: Comparable {
        let server: String
        /// Services of the type on the server.
        var ofType: Int
        /// All services on the server.
        var all: Int

        static func < (a: Self, b: Self) -> Bool { (a.ofType, a.all, a.server) < (b.ofType, b.all, b.server) }
    }

    /// Cost: walks over all servers and services.
    ///
    /// - Parameters:
    ///   - location: the location of the servers to choose from; `nil`: any.
    ///   - away: servers that take none now, since nothing is heard of their nodes.
    init(of type: MetaConfiguration, in cloud: Cloud, at location: String?, besides away: Set<String> = []) {
        self.type = type.type
        self.location = location
        isExported = !type.gateway.isEmpty
        var ofType = [String: Int]()
        var all = [String: Int]()
        for service in cloud.services.values {
            all[service.server, default: 0] += 1
            if service.type == type.type { ofType[service.server, default: 0] += 1 }
        }
        for move in cloud.moves.values where move.isOpen && !move.progress.isSwitched {
            all[move.to, default: 0] += 1
            if cloud.services[move.service]?.type == type.type { ofType[move.to, default: 0] += 1 }
        }
        for server in cloud.servers.values where location.map({ $0 == server.location }) ?? true {
            let count = ofType[server.name] ?? 0
            if let reason = cloud.reason(against: server, for: type) ?? server.reason
                ?? (isExported && count > 0 ? isTaken : nil)
                ?? (cloud.lostServers[server.name] == nil ? nil : "lost")
                ?? (away.contains(server.name) ? "of which no node is heard" : nil)
            {
                refused[reason, default: []].append(server.name)
            } else {
                candidates.append(Candidate(server: server.name, ofType: count, all: all[server.name] ?? 0))
            }
        }
    }

    private var isTaken: String { "a service of \(type) is there already" }

    /// The server for one more instance: that with the fewest of the type, then with the fewest services of all, then
    /// the first by name. Later calls count the instance. Cost: looks at each server that can take one.
    ///
    /// Throws `ChangeError.noServer` if none can.
    mutating func next() throws -> String {
        guard let index = candidates.indices.min(by: { candidates[$0] < candidates[$1] }) else { throw error }
        let server = candidates[index].server
        if isExported {
            refused[isTaken, default: []].append(server)
            candidates.remove(at: index)
        } else {
            candidates[index].ofType += 1
            candidates[index].all += 1
        }
        return server
    }

    private var error: ChangeError {
        let place = location.map { " at \($0)" } ?? ""
        var faults = refused.sorted { $0.key < $1.key }.map { reason, servers in
            let rest = servers.count > 3 ? " and \(servers.count - 3) more" : ""
            return Fault(
                place: "#/type", detail: "\(servers.sorted().prefix(3).joined(separator: ", "))\(rest): \(reason)")
        }
        if faults.isEmpty {
            faults = [Fault(place: location == nil ? "#/type" : "#/location", detail: "there is no server\(place)")]
        }
        return .noServer("no server\(place) can take another service of \(type)", faults)
    }
}

extension Cloud {
    /// The server for another service of a type, as `Placement` chooses it. Walks over all servers and services.
    ///
    /// Throws `ChangeError.invalid` if there is no such type or location, and `ChangeError.noServer` if no server can
    /// take one.
    package func serverForAnother(_ type: String, at location: String?) throws -> String {
        try requireType(type, at: "#/type")
        try requireChosenServers(type, at: "#/type")
        if let location { try requireLocation(location, at: "#/location") }
        guard let type = types[type] else { throw ChangeError.missing("type \(type.shownName())") }
        var placement = Placement(of: type.configuration, in: self, at: location)
        return try placement.next()
    }

    /// Why a server cannot take an instance, to follow its name; `nil` if it can.
    func reason(against server: Server, for type: MetaConfiguration) -> String? {
        let kinds = type.requirements?.serverKinds ?? []
        if kinds.isEmpty, server.kind == .gateway { return "a gateway; the type does not require that kind" }
        guard kinds.isEmpty || kinds.contains(server.kind) else {
            return "not of kind \(kinds.map(\.rawValue).sorted().joined(separator: " or "))"
        }
        let missing = (type.requirements?.labels ?? []).filter { !server.labels.contains($0) }
        guard missing.isEmpty else {
            return "without the \(missing.count == 1 ? "label" : "labels") \(missing.joined(separator: ", "))"
        }
        for section in type.gateway {
            guard let pool = pools[AddressPool.ID(location: server.location, name: section.pool)] else {
                return "at \(server.location), which lacks the address pool \"\(section.pool)\" of \(type.type)/"
                    + section.name
            }
            for family in section.families(of: pool) where section.backendAddress(on: server, family: family) == nil {
                return "without an \(family) address, which \(type.type)/\(section.name) needs"
            }
        }
        return nil
    }
}

extension Server {
    /// Why no new instance is placed on it although it could take one, to follow its name.
    fileprivate var reason: String? { state == .ready ? nil : "in \(state.rawValue)" }
}
