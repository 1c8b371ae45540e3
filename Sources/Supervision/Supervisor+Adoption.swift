/// A process that an earlier master has left.
package struct FoundWorker: Sendable, Equatable {
    package let number: Int
    /// `nil`: it was in no state file and has no stored descriptor.
    package let generation: Int?
    package let process: ProcessIdentity
    /// What the name of its stored descriptor says; `nil` without one.
    package let phase: Worker.Phase?
    /// Whether its sockets are there for a replacement, too.
    package let hasSockets: Bool

    package init(number: Int, generation: Int?, process: ProcessIdentity, phase: Worker.Phase?, hasSockets: Bool) {
        self.number = number
        self.generation = generation
        self.process = process
        self.phase = phase
        self.hasSockets = hasSockets
    }
}

extension Supervisor {
    /// Takes over what an earlier master has left, and starts what is missing.
    ///
    /// Of each number the youngest ready process has the place; if none is ready, the youngest. The others are ended, since
    /// they were on their way out or not yet in. One whose sockets are lost is ended first, and then replaced.
    ///
    /// - Parameters:
    ///   - saved: the state file of that master, of this boot; `nil` if there is none.
    ///   - found: all processes of it that live.
    package mutating func adopt(_ found: [FoundWorker], saved: SavedState?, at now: Moment) -> [SupervisionAction] {
        self.now = now
        hasStarted = hasStarted || !found.isEmpty || saved != nil
        generation = ([generation, saved?.generation ?? 0] + found.compactMap(\.generation)).max() ?? 0
        lastReload = saved?.lastReload
        for place in saved?.places ?? [] {
            guard let index = places.firstIndex(where: { $0.number == place.number }) else { continue }
            places[index].restarts = place.restarts
            places[index].hasFailed = place.nextStart != nil
            places[index].backOff = BackOff(failures: place.failures)
            places[index].lastEnd = place.lastEnd
            places[index].startAt = place.nextStart.map { min($0, now.milliseconds + BackOff.longest) }
            // How long it has been empty is not known; a master that is killed again and again must not keep the sockets open.
            places[index].emptySince = now.milliseconds - Self.socketPatience
            places[index].emptyAt = place.lastEnd?.at ?? now.wall
        }
        var workers = found.map { adopted($0, saved) }
        workers.sort { $0.worker.generation < $1.worker.generation }
        for index in places.indices {
            let own = workers.filter { $0.worker.number == places[index].number }
            let heirs = own.filter { !$0.worker.phase.isParked && $0.hasSockets }.map(\.worker)
            let heir = heirs.last { $0.phase == .ready } ?? heirs.last { $0.phase == .starting }
            if let heir {
                places[index].current = heir
                places[index].startAt = nil
                places[index].hasFailed = false
                places[index].emptySince = nil
            }
            for worker in own.map(\.worker) where worker.generation != heir?.generation {
                if worker.phase.isParked { places[index].leaving.append(worker) } else { askToEnd(worker, at: index) }
            }
        }
        // The number of workers was another one.
        for worker in workers.map(\.worker) where !settings.numbers.contains(worker.number) {
            askToEnd(worker, at: places.indices.lowerBound)
        }
        // What the earlier master did not finish is done again.
        if !found.isEmpty { actions.append(.say("processes of an earlier master are taken over: \(found.count)")) }
        if saved?.wasReloading == true {
            if case .signal = settings.effectiveReload { want(.reload) } else { want(.restart) }
        }
        for index in places.indices {
            for worker in places[index].leaving where worker.phase.isParked { noteAgain(worker) }
        }
        return begin(at: now)
    }

    private mutating func adopted(_ one: FoundWorker, _ saved: SavedState?) -> (worker: Worker, hasSockets: Bool) {
        let entry = saved?.workers.first { $0.process == one.process }
        var generation = one.generation ?? entry?.generation
        if generation == nil {
            self.generation += 1
            generation = self.generation
        }
        var worker = Worker(number: one.number, generation: generation ?? 0, at: now)
        worker.process = one.process
        worker.isExecuted = true
        worker.phase = one.phase ?? entry?.phase ?? .starting
        if let entry {
            worker.since.wall = entry.since
            worker.startedAt.milliseconds = min(entry.startedAt, now.milliseconds)
            worker.readyAt = entry.readyAt.map { Moment(milliseconds: worker.startedAt.milliseconds, wall: $0) }
            worker.status = entry.status
            worker.saysHello = entry.saysHello
            worker.takesConfiguration = entry.takesConfiguration
        }
        if worker.phase == .ready, worker.readyAt == nil { worker.readyAt = now }
        if worker.phase.isParked {
            let parkedAt = min(entry?.phaseAt ?? now.milliseconds, now.milliseconds)
            worker.killAt = parkedAt + Self.parkTime
        }
        return (worker, one.hasSockets)
    }

    /// The earlier master may have been killed before it wrote the crash file, so it is written again: it has the same name.
    private mutating func noteAgain(_ worker: Worker) {
        guard let process = worker.process else { return }
        records.append(
            .record(
                CrashRecord(
                    number: worker.number, generation: worker.generation, process: process,
                    kind: worker.phase == .hung ? .hung : .crashed, end: nil, report: nil, at: worker.since.wall,
                    isParked: true)))
    }
}
