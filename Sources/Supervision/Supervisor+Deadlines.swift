extension Supervisor {
    /// Does what is due until nothing is. Returns all that is to be done.
    mutating func settled() -> [SupervisionAction] {
        takeDeadlines()
        if isStopping {
            settleStop()
        } else {
            takeConfiguration()
            settlePlaces()
            while settleReload() { settlePlaces() }
            tellReadyOnce()
        }
        probe()
        defer { (actions, records) = ([], []) }
        return actions + records
    }

    /// The moment until which nothing is due, in milliseconds; `nil` if nothing will be.
    package var nextDeadline: Int? {
        guard !isFinished else { return nil }
        var next = [configurationAt, probeAt, reload?.deadline].compactMap(\.self)
        for place in places {
            for worker in place.workers { next.append(deadline(of: worker)) }
            guard !isStopping, place.current == nil, place.next == nil else { continue }
            if place.isFree, let startAt = place.startAt { next.append(startAt) }
            if !place.areSocketsClosed, settings.canOverlap, let since = place.emptySince {
                next.append(since + Self.socketPatience)
            }
        }
        return next.min().flatMap { $0 == .max ? nil : $0 }
    }

    private func deadline(of worker: Worker) -> Int {
        switch worker.phase {
        case .starting:
            let limit = worker.startedAt.milliseconds + settings.startTimeout
            guard worker.isExecuted, case .time(let time) = settings.effectiveReadiness else { return limit }
            return min(limit, worker.startedAt.milliseconds + time)
        case .ready: return settings.watchdog.map { worker.lastSign + $0 } ?? .max
        case .stopping, .crashed, .hung: return worker.isKilled ? .max : worker.killAt
        }
    }

    private mutating func takeDeadlines() {
        for worker in places.flatMap(\.workers) where deadline(of: worker) <= now.milliseconds {
            switch worker.phase {
            case .starting:
                if worker.isExecuted, case .time(let time) = settings.effectiveReadiness,
                    worker.startedAt.milliseconds + time <= now.milliseconds
                {
                    becomeReady(worker.generation)
                } else {
                    takeNotReady(worker)
                }
            case .ready: park(worker.generation, .hung, nil)
            case .stopping, .crashed, .hung: kill(worker.generation)
            }
        }
    }

    mutating func kill(_ generation: Int) {
        guard let worker = worker(generation), !worker.isKilled else { return }
        change(generation) { $0.isKilled = true }
        actions.append(.kill(generation: generation))
    }

    private mutating func settlePlaces() {
        for index in places.indices where places[index].current == nil && places[index].next == nil {
            let place = places[index]
            if place.isFree, let startAt = place.startAt, startAt <= now.milliseconds {
                start(index)
            } else if !place.areSocketsClosed, settings.canOverlap, let since = place.emptySince,
                since + Self.socketPatience <= now.milliseconds
            {
                places[index].areSocketsClosed = true
                actions.append(.closeSockets(number: place.number))
            }
        }
    }

    private mutating func probe() {
        guard case .port(let port) = settings.effectiveReadiness, !isStopping else { return probeAt = nil }
        let starting = places.flatMap { [$0.current, $0.next].compactMap(\.self) }.filter(\.isStarting)
        guard !starting.isEmpty else { return probeAt = nil }
        guard probeAt.map({ $0 <= now.milliseconds }) ?? true else { return }
        probeAt = now.milliseconds + Self.probePause
        actions += starting.map { .probe(generation: $0.generation, port: port) }
    }

    private mutating func tellReadyOnce() {
        guard !isReadyTold, places.allSatisfy(\.isServed) else { return }
        isReadyTold = true
        actions.append(.tellReady)
    }
}
