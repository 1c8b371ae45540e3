extension Supervisor {
    /// Ends all workers.
    mutating func stop() {
        guard !isStopping else { return }
        isStopping = true
        for ticket in (reload?.tickets ?? []) + waiting.flatMap(\.tickets) {
            actions.append(.done(ticket: ticket, problem: "the service was stopped"))
        }
        reload = nil
        waiting = []
        configurationAt = nil
        for index in places.indices {
            places[index].startAt = nil
            let serving = [places[index].current, places[index].next].compactMap(\.self)
            places[index].current = nil
            places[index].next = nil
            for worker in serving { askToEnd(worker, at: index) }
            for at in places[index].leaving.indices {
                let limit = now.milliseconds + settings.stopTimeout
                places[index].leaving[at].killAt = min(places[index].leaving[at].killAt, limit)
            }
        }
    }

    /// Finishes when nobody is left. Those that are kept for a debugger do not hold up the stop.
    mutating func settleStop() {
        let left = places.flatMap(\.workers)
        if left.isEmpty {
            guard !isFinished else { return }
            isFinished = true
            actions.append(.finish(status: exitStatus))
        } else if left.allSatisfy(\.phase.isParked) {
            for worker in left { kill(worker.generation) }
        }
    }
}
