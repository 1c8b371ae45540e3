import Names
package import Rollouts
import Text

/// A service that somebody moves to another server.
package struct MoveRequest: Sendable, Hashable {
    package var service: String
    package var server: String
    /// Whether the service is at the new server with this very change, however many requests that costs.
    package var isAtOnce: Bool
    /// Whether a service with data may leave it behind.
    package var mayLeaveData: Bool
    /// Seconds that the connections at the old server get, where that is less than the type's sections say.
    package var drainTime: Int?
    package var createdBy: String
    package var createdAt: String

    package init(
        service: String, server: String, isAtOnce: Bool = false, mayLeaveData: Bool = false, drainTime: Int? = nil,
        createdBy: String, createdAt: String
    ) {
        self.service = service
        self.server = server
        self.isAtOnce = isAtOnce
        self.mayLeaveData = mayLeaveData
        self.drainTime = drainTime
        self.createdBy = createdBy
        self.createdAt = createdAt
    }
}

extension Cloud {
    /// The moves that are on. Walks over the moves.
    package var openMoves: [RecordedMove] { moves.values.filter(\.isOpen).sorted { $0.service < $1.service } }

    /// Whether a service is, or is to be, on a server.
    package func isPresent(_ service: String, on server: String) -> Bool {
        if services[service]?.server == server { return true }
        guard let move = moves[service], move.isOpen else { return false }
        return move.from == server || move.to == server
    }

    /// Whether a service is, is to be, or was on a server, and something of it may be there.
    package func hasOrHad(_ service: String, on server: String) -> Bool {
        isPresent(service, on: server) || remains[Remains.ID(server: server, service: service)] != nil
    }

    /// Moves a service, or begins to: one that ADMIN runs and that is exported, or that must never run twice, is moved by a
    /// process (`RecordedMove`); any other is at the new server with this change. A server that it is on or that it is
    /// being moved to changes nothing.
    ///
    /// Throws `ChangeError` if it is being moved elsewhere, if a rollout has it, if its data stays behind, or if what its
    /// server is to have of it changes with the same request.
    ///
    /// - Parameter before: the cloud before the request.
    package mutating func move(_ request: MoveRequest, since before: Cloud, _ places: RequestPlaces) throws {
        var service = try service(request.service)
        let open = moves[service.name].flatMap { $0.isOpen ? $0 : nil }
        if !request.isAtOnce, open?.to == request.server || service.server == request.server { return }
        guard service.server != request.server || open != nil else { return }
        guard request.isAtOnce || open == nil else { throw ChangeError.inUse(Self.isMoving(service.name, open)) }
        if let rollout = openRollouts.first(where: { $0.has(service.name) }) {
            throw rollout.isInTheWay(of: service.name)
        }
        var after = self
        after.services[service.name]?.server = request.server
        if !request.mayLeaveData { try after.requireDataStays(since: self, places) }
        guard !request.isAtOnce, let installation = service.installation, needsProcess(service),
            servers[service.server] != nil, servers[request.server] != nil
        else {
            service.server = request.server
            services[service.name] = service
            moves[service.name]?.progress.overtake()
            if open != nil { moves[service.name]?.endedAt = request.createdAt }
            return
        }
        guard let former = before.services[service.name]?.installation, former.isSame(as: installation) else {
            return try Self.refuse(
                [
                    Contradiction(
                        "the service \(service.name) goes on with its version while it moves: change one after the other, "
                            + "or move it at once", of: [.init(.service, service.name, .server)])
                ], inFiles: [], places)
        }
        beginMove(request, of: service)
    }

    private mutating func beginMove(_ request: MoveRequest, of service: ServiceInstance) {
        let type = types[service.type]?.configuration
        let drains = (type?.gateway ?? []).map { $0.drainTime ?? ServiceMove.Policy().drainTime }
        let policy = ServiceMove.Policy(
            drainTime: min(drains.max() ?? 0, request.drainTime ?? .max), isExclusive: type?.mustNotRunTwice ?? false)
        let id = Remains.ID(server: request.server, service: service.name)
        let left = remains[id]
        // What is to be removed stays so, and the move is refused.
        if left?.isPurged == false { remains[id] = nil }
        moves[service.name] = RecordedMove(
            service: service.name, oldDrive: service.installation?.drive,
            newDrive: left.map(\.drive) ?? driveForAnother(service, on: request.server),
            createdBy: request.createdBy, createdAt: request.createdAt, stageAt: request.createdAt,
            progress: ServiceMove(from: service.server, to: request.server, by: policy))
    }

    /// Has a service leave its lost server: by a process, so that no client is sent to the new server before the service
    /// runs there. One that must never run twice, and has been stopped, is at the new server with this change.
    mutating func leaveLostServer(_ service: ServiceInstance, to server: String, at time: String) {
        guard needsProcess(service), types[service.type]?.configuration.mustNotRunTwice == false else {
            services[service.name]?.server = server
            return
        }
        beginMove(
            MoveRequest(service: service.name, server: server, createdBy: NodeSilences.author, createdAt: time),
            of: service)
    }

    /// Whether requests would be lost, or the service could run twice, if it were moved at once.
    private func needsProcess(_ service: ServiceInstance) -> Bool {
        guard service.installation?.desired == .running, let type = types[service.type]?.configuration else {
            return false
        }
        return type.mustNotRunTwice || !type.gateway.isEmpty && effectiveState(of: service).state != .maint
    }

    /// Gives up the move of a service.
    ///
    /// Throws `ChangeError` if none is on, or if the export names the new server already.
    package mutating func abortMove(of name: String, at time: String) throws {
        _ = try service(name)
        guard var move = moves[name], move.isOpen else {
            throw ChangeError.missing("move of the service \(name.shownName())")
        }
        guard move.progress.canAbort else {
            throw ChangeError.inUse(
                move.progress.ending == nil
                    ? "the gateways send to \(name) on \(move.to) already: move it back when it is there"
                    : "the move of \(name) is ended already, and waits for \(move.to) to stop it")
        }
        move.progress.abort(now: move.clock)
        record(move, since: moves[name], clock: move.clock, at: time)
    }

    /// Takes what has become of a move. This is where its wishes become the service's server, a job and an end.
    ///
    /// Throws `ChangeError` if the new server takes no more jobs.
    ///
    /// - Parameters:
    ///   - clock: seconds of the move's own clock.
    ///   - generation: that of the commit.
    ///   - time: RFC 3339, as the deadline of the job that this may make.
    package mutating func follow(
        _ progress: ServiceMove, of name: String, clock: Int, generation: Int, at time: String, deadline: String,
        nonce: UInt32
    ) throws {
        guard var move = moves[name], move.isOpen, services[name] != nil else { return }
        let former = move.progress
        move.progress = progress
        if progress.isSwitched, !former.isSwitched {
            services[name]?.server = move.to
            services[name]?.installation?.drive = move.newDrive
            move.generation = generation
        }
        if progress.testRepetitions != former.testRepetitions { move.job = nil }
        if progress.stage == .testing, former.stage != .testing {
            move.job = try add(
                JobRequest(
                    service: name, kind: .tests, createdBy: move.createdBy, createdAt: time, deadline: deadline,
                    server: move.to), nonce: nonce)
        }
        record(move, since: moves[name], clock: clock, at: time)
    }

    private mutating func record(_ move: RecordedMove, since former: RecordedMove?, clock: Int, at time: String) {
        var move = move
        move.clock = clock
        if former?.progress.stage != move.progress.stage { move.stageAt = time }
        if let end = move.progress.end {
            move.endedAt = time
            if case .failed(let reason) = end {
                notices.append(
                    Notice(
                        .warning, of: .service, move.service,
                        title: "\(move.service) was not moved from \(move.from) to \(move.to)",
                        text: lostServers[move.from] == nil
                            ? "\(reason)\nIt runs on \(move.from) as before. portcullis services show \(move.service)"
                            : "\(reason)\nIts server is lost. It gets no requests, and its move is tried again."
                                + "\nportcullis services show \(move.service)",
                        location: servers[move.from]?.location, type: services[move.service]?.type))
            }
        }
        moves[move.service] = move
        let ended = moves.values.filter { !$0.isOpen }.sorted {
            ($0.endedAt ?? "", $0.service) < ($1.endedAt ?? "", $1.service)
        }
        for old in ended.dropLast(RecordedMove.kept) { moves[old.service] = nil }
    }

    private static func isMoving(_ name: String, _ move: RecordedMove?) -> String {
        "the service \(name) is being moved \(move.map { "from \($0.from) to \($0.to)" } ?? ""): wait for its end, or end it "
            + "with `portcullis services move \(name) --abort`"
    }

    // MARK: With every change

    /// Throws `ChangeError.inUse` if a service that is being moved changes in what its servers are to have of it, or if a
    /// server that it is moved from or to is gone, or if a rollout takes it. Forgets moves and intervals of services that
    /// are gone. Cost: walks over the moves and the intervals.
    package mutating func settleMoves(since before: Cloud) throws {
        for (name, move) in before.moves where move.isOpen {
            guard let now = moves[name] else { throw ChangeError.inUse(Self.isMoving(name, move)) }
            guard now.isOpen else { continue }
            let (old, new) = (before.services[name], services[name])
            let isSame = now != move || new?.server == old?.server
            guard isSame, let installation = new?.installation, let former = old?.installation,
                installation.isSame(as: former), servers[move.from] != nil, servers[move.to] != nil,
                !openRollouts.contains(where: { $0.has(name) })
            else { throw ChangeError.inUse(Self.isMoving(name, move)) }
        }
        moves = moves.filter { services[$0.key] != nil }
        actionRuns = actionRuns.filter { run, _ in
            guard let service = services[run.service], service.installation != nil else { return false }
            return types[service.type]?.configuration.actions.contains {
                $0.name.isExactly(run.action) && $0.every != nil
            }
                ?? false
        }
    }

    /// The cloud as it will be when the moves that are on have ended; `nil`: as it is. It must not contradict itself
    /// either.
    package var afterMoves: Cloud? {
        let open = moves.values.filter { $0.isOpen && !$0.progress.isSwitched && $0.progress.ending == nil }
        guard !open.isEmpty else { return nil }
        var cloud = self
        for move in open { cloud.services[move.service]?.server = move.to }
        return cloud
    }
}

extension MetaConfiguration {
    /// Whether a service of it must not run at two places, not even for a moment.
    fileprivate var mustNotRunTwice: Bool { isUnique || onServerLost?.isExclusive == true }
}

extension Installation {
    /// Whether the server is to do the same.
    fileprivate func isSame(as other: Installation) -> Bool { digest == other.digest && desired == other.desired }
}

extension ServiceRollout {
    /// Whether it is at work on an instance, or will be.
    fileprivate func has(_ name: String) -> Bool {
        !progress.isOver && progress.instances.contains { $0.name == name }
    }
}
