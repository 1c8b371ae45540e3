import Names
import Text

extension MetaConfiguration {
    /// Whether its services keep their data in a drive of their server: it requires the label or the kind `db`.
    package var usesDrives: Bool { requires(.db) }

    /// Whether its services have data that a move leaves behind: it requires the label or the kind `db` or `archive`.
    package var keepsData: Bool { requires(.db) || requires(.archive) }

    private func requires(_ kind: ServerKind) -> Bool {
        guard let requirements else { return false }
        return requirements.serverKinds.contains(kind) || requirements.labels.contains(kind.rawValue)
    }
}

extension Cloud {
    /// Brings drives and remains in line with services that were installed, moved, or have left.
    ///
    /// A service keeps its drive as long as it is on the server, and finds it again when it comes back; a new one of a
    /// type with data gets the drive of the fewest services, then the first by name. What leaves a server leaves its
    /// remains there, until they are purged or the server is gone. Cost: walks over all services.
    package mutating func settleInstallations(since before: Cloud) {
        settleStarts(since: before)
        var loads: [String: [String: Int]]?
        for service in before.services.values {
            guard let installation = service.installation else { continue }
            let now = services[service.name]
            // Both places are the move's until it ends.
            if moves[service.name]?.isOpen == true { continue }
            guard now?.installation == nil || now?.server != service.server, servers[service.server] != nil
            else { continue }
            remains[Remains.ID(server: service.server, service: service.name)] = Remains(drive: installation.drive)
        }
        let settled = leaveMoves(since: before).union(moves.values.lazy.filter(\.isOpen).map(\.service))
        let placed = services.values.lazy.filter { service in
            guard let installation = service.installation, !settled.contains(service.name) else { return false }
            let former = before.services[service.name]
            return former?.server != service.server || former?.installation?.drive != installation.drive
                || former?.installation == nil
        }.sorted { ($0.type, $0.index) < ($1.type, $1.index) }
        for service in placed {
            let former = before.services[service.name]
            if let former, let installation = former.installation, former.server == service.server {
                services[service.name]?.installation?.drive = installation.drive
                continue
            }
            let id = Remains.ID(server: service.server, service: service.name)
            if let left = remains[id] {
                services[service.name]?.installation?.drive = left.drive
                // What is to be removed stays so: the service is refused there until it is gone.
                if !left.isPurged { remains[id] = nil }
                continue
            }
            if loads == nil { loads = driveLoads(besides: Set(placed.map(\.name))) }
            let drive =
                types[service.type]?.configuration.usesDrives == true
                ? freestDrive(of: service.server, loads?[service.server] ?? [:]) : nil
            services[service.name]?.installation?.drive = drive
            if let drive { loads?[service.server, default: [:]][drive, default: 0] += 1 }
        }
        remains = remains.filter { id, _ in servers[id.server] != nil }
    }

    /// Notes which services are to start where they did not run: no gateway sends to them before their servers say that
    /// they run. A service that ran without ADMIN until now, and one whose move has started it at its new server, are not
    /// waited for. Cost: walks over all services.
    private mutating func settleStarts(since before: Cloud) {
        for service in services.values {
            guard let installation = service.installation else { continue }
            let isToStart = starts(service, installation, since: before.services[service.name])
            guard installation.isStarting != isToStart else { continue }
            services[service.name]?.installation?.isStarting = isToStart
        }
    }

    private func starts(_ service: ServiceInstance, _ new: Installation, since former: ServiceInstance?) -> Bool {
        guard new.desired == .running, isExported(service) else { return false }
        guard let former else { return true }
        guard let old = former.installation else { return new.isStarting }
        let hasMoved = former.server != service.server && moves[service.name]?.isOpen != true
        return new.isStarting || hasMoved || old.desired == .stopped
    }

    /// Notes that services run at their servers, and that gateways may send to them: those of `names` that still are to
    /// run the same there.
    ///
    /// - Parameter seen: the cloud in which they were seen to run.
    package mutating func noteStarts(of names: [String], in seen: Cloud) {
        for name in names {
            guard let service = services[name], let known = seen.services[name], service.server == known.server,
                service.installation == known.installation
            else { continue }
            services[name]?.installation?.isStarting = false
        }
    }

    /// Leaves the remains of moves that have ended at the places where the service is not.
    /// - Returns: the services that are at a place of their move, whose drive is known.
    private mutating func leaveMoves(since before: Cloud) -> Set<String> {
        var settled: Set<String> = []
        for (name, move) in before.moves where move.isOpen && moves[name]?.isOpen != true {
            let present = services[name]?.installation == nil ? nil : services[name]?.server
            for place in move.places {
                if place.server == present {
                    services[name]?.installation?.drive = place.drive
                    settled.insert(name)
                } else if servers[place.server] != nil {
                    remains[Remains.ID(server: place.server, service: name)] = Remains(drive: place.drive)
                }
            }
        }
        return settled
    }

    /// The indexes of a type's services that some server is still to purge. Walks over all remains.
    func purgedIndexes(of type: String) -> Set<Int> {
        Set(
            remains.lazy.filter(\.value.isPurged).compactMap { id, _ in
                ServiceName(id.service).flatMap { $0.type == type ? $0.index : nil }
            })
    }

    /// The servers that are still to purge a service. Walks over all remains.
    func serversPurging(_ service: String) -> [String] {
        remains.filter { $0.value.isPurged && $0.key.service == service }.map(\.key.server)
    }

    /// The drive for a service that comes to a server; `nil`: it needs none. Walks over all services.
    func driveForAnother(_ service: ServiceInstance, on server: String) -> String? {
        guard types[service.type]?.configuration.usesDrives == true else { return nil }
        return freestDrive(of: server, driveLoads(besides: [service.name])[server] ?? [:])
    }

    /// How many services each drive of each server has; those that have left count where their data still is.
    private func driveLoads(besides others: Set<String>) -> [String: [String: Int]] {
        var loads: [String: [String: Int]] = [:]
        for service in services.values where !others.contains(service.name) {
            if let drive = service.installation?.drive { loads[service.server, default: [:]][drive, default: 0] += 1 }
        }
        for (id, left) in remains {
            if let drive = left.drive { loads[id.server, default: [:]][drive, default: 0] += 1 }
        }
        for move in moves.values where move.isOpen && !others.contains(move.service) {
            let other = move.places.first { $0.server != services[move.service]?.server }
            if let other, let drive = other.drive { loads[other.server, default: [:]][drive, default: 0] += 1 }
        }
        return loads
    }

    private func freestDrive(of server: String, _ loads: [String: Int]) -> String? {
        servers[server]?.drives.keys.min { (loads[$0] ?? 0, $0) < (loads[$1] ?? 0, $1) }
    }

    /// Throws `ChangeError.contradiction` if an installed service with data has moved, which leaves the data behind.
    package func requireDataStays(since before: Cloud, _ places: RequestPlaces) throws {
        let moved = services.values.filter { service in
            guard let former = before.services[service.name], former.installation != nil else { return false }
            return former.server != service.server && types[service.type]?.configuration.keepsData == true
        }.sorted { ($0.type, $0.index) < ($1.type, $1.index) }
        try Self.refuse(
            moved.map { service in
                let former = before.services[service.name]?.server ?? ""
                return Contradiction(
                    "the service \(service.name) has its data on \(former), where a move to \(service.server) leaves it: "
                        + "say that it is to move without data (--without-data)",
                    of: [.init(.service, service.name, .server)])
            }, inFiles: [], places)
    }

    /// Has a server remove what is left of a service that it was installed on.
    package mutating func purge(_ service: String, on server: String) throws {
        _ = try self.server(server)
        let id = Remains.ID(server: server, service: service)
        if let move = moves[service], move.isOpen, move.from == server || move.to == server {
            throw ChangeError.inUse("service \(service) is being moved from \(move.from) to \(move.to)")
        }
        if let present = services[service], present.server == server, present.installation != nil {
            throw ChangeError.inUse("service \(service) is on server \(server): move or remove it first")
        }
        guard remains[id] != nil else {
            throw ChangeError.missing("directory of \(service.shownName()) left on server \(server)")
        }
        remains[id]?.isPurged = true
    }
}
