extension GatewayStatus {
    /// The same status with times of the wall clock, as in files and for people.
    func byWallClock(at now: ClockReading) -> Self {
        var status = self
        status.moveMoments(by: now.wallOffset)
        status.clock = ClockStamp(now)
        return status
    }

    /// All times in the status.
    var moments: [Int] {
        var moments = [Int]()
        var copy = self
        copy.forEachMoment { moments.append($0) }
        return moments
    }

    mutating func moveMoments(by seconds: Int) { forEachMoment { $0 += seconds } }

    private mutating func forEachMoment(_ body: (inout Int) -> Void) {
        body(&startedAt)
        if var poll {
            body(&poll.at)
            if var succeededAt = poll.succeededAt {
                body(&succeededAt)
                poll.succeededAt = succeededAt
            }
            self.poll = poll
        }
        if var applied {
            body(&applied.since)
            self.applied = applied
        }
        if var held {
            body(&held.since)
            self.held = held
        }
        for index in drains.indices { body(&drains[index].until) }
        if var checks {
            for index in checks.down.indices { body(&checks.down[index].since) }
            if var holdsUntil = checks.holdsUntil {
                body(&holdsUntil)
                checks.holdsUntil = holdsUntil
            }
            self.checks = checks
        }
        for index in failures.indices {
            body(&failures[index].since)
            body(&failures[index].retryAt)
        }
        if var lastAt = drift.lastAt {
            body(&lastAt)
            drift.lastAt = lastAt
        }
    }
}
