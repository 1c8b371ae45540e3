package import Names

/// Which services a state is set for, besides those that are named.
package struct ServiceSelection: Sendable, Hashable {
    package var type: String?
    package var server: String?
    package var location: String?

    package init(type: String? = nil, server: String? = nil, location: String? = nil) {
        self.type = type
        self.server = server
        self.location = location
    }
}

/// A state for servers and services, for all of them or for none.
package struct StateSetting: Sendable, Hashable {
    package var state: ServiceState
    /// When the state ends, RFC 3339 in UTC; `nil`: it does not end.
    package var until: String?
    package var servers: [String]
    package var services: [String]
    package var select: ServiceSelection?

    package init(
        state: ServiceState, until: String?, servers: [String], services: [String], select: ServiceSelection?
    ) {
        self.state = state
        self.until = until
        self.servers = servers
        self.services = services
        self.select = select
    }
}

extension Cloud {
    /// Sets the state of every server and service that is named or selected.
    ///
    /// Throws `ChangeError.invalid` with every name that does not exist, or if nothing is selected. A selection walks
    /// over all services.
    package mutating func set(_ setting: StateSetting) throws {
        var faults = setting.servers.enumerated().filter { servers[$0.element] == nil }.map { index, name in
            Fault(place: "#/servers/\(index)", detail: "there is no server \"\(name)\"")
        }
        faults += setting.services.enumerated().filter { services[$0.element] == nil }.map { index, name in
            Fault(place: "#/services/\(index)", detail: "there is no service \"\(name)\"")
        }
        guard faults.isEmpty else { throw ChangeError.invalid(Array(faults.prefix(100))) }
        let selected = try setting.select.map { try self.selected($0) } ?? []
        for name in setting.servers {
            servers[name]?.state = setting.state
            servers[name]?.until = setting.until
        }
        for name in setting.services + selected {
            services[name]?.state = setting.state
            services[name]?.until = setting.until
        }
    }

    /// The names of the services that have all properties of a selection, sorted.
    ///
    /// Throws `ChangeError.invalid` if there is none, or no such type, server or location.
    package func selected(_ select: ServiceSelection) throws -> [String] {
        if let type = select.type { try requireType(type, at: "#/select/type") }
        if let server = select.server { try requireServer(server, at: "#/select/server") }
        if let location = select.location { try requireLocation(location, at: "#/select/location") }
        let names = services.values.filter { service in
            select.type.map { $0 == service.type } ?? true && select.server.map { $0 == service.server } ?? true
                && select.location.map { $0 == servers[service.server]?.location } ?? true
        }.map(\.name).sorted()
        guard !names.isEmpty else {
            throw ChangeError.invalid([Fault(place: "#/select", detail: "no service is selected")])
        }
        return names
    }
}
