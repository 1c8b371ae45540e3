import GatewaySync
import Logging
import Netlink
import ServiceSupport
import ServicesExport

extension Gateway {
    /// Why the kernel is brought into agreement with the export.
    enum Cause {
        /// A new export, the end of a drain, or another attempt at a refused step.
        case export
        /// Another program has changed something of ours.
        case drift
        /// Verdicts on real servers.
        case health
    }

    /// Settles if anything is waiting for it: an export that was not carried out, a drain, or a refused step that is
    /// due.
    func settleIfDue(since start: ContinuousClock.Instant) {
        let reconciler = synchronizer.reconciler
        let isWaiting =
            reconciler.refusedSteps.isEmpty ? !isSettled : reconciler.refusedSteps.isDue(at: now)
        guard isWaiting || !reconciler.drains.isEmpty else { return }
        settle(since: start)
    }

    /// Ends drains and retries refused steps while ADMIN holds its answer, as often as without `wait`.
    func followDrains(every interval: Duration) async {
        while !Task.isCancelled {
            await sleep(interval)
            let reconciler = synchronizer.reconciler
            guard !reconciler.drains.isEmpty || !reconciler.refusedSteps.isEmpty, !Task.isCancelled else { continue }
            settleIfDue(since: clock.now)
            writeStatus()
        }
    }

    func settle(since start: ContinuousClock.Instant, cause: Cause = .export) {
        guard let current, let document = synchronizer.reconciler.document else { return }
        do {
            let outcome = try synchronizer.settle(now: now) { plan, reconciler in
                prepare(plan, reconciler, document, current, cause)
            }
            lastOutcome = outcome
            noteFlows()
            counters.kernelChanges += outcome.changes
            conclude(outcome, document, current, took: clock.now - start)
        } catch {
            isSettled = false
            if status.errors != ["\(error)"] {
                logger.error("not in agreement with the export: \(error)", metadata: ["event": "apply-failed"])
            }
            status.errors = ["\(error)"]
        }
    }

    /// Writes what must be on disk before the kernel is changed: the export, drains that begin, addresses that become
    /// ours.
    ///
    /// A full or read-only disk prevents no change: the problem is reported, and the kernel is changed all the same.
    private func prepare(
        _ plan: Plan, _ reconciler: Reconciler, _ document: ServicesDocument, _ digest: ExportDigest, _ cause: Cause
    ) {
        save(document, digest, reconciler, applied: stored.applied)
        if case .drift = cause { noteDrift(plan.lines) }
        guard plan.count <= Self.loggedChanges else {
            logger.info("\(plan.summary)", metadata: ["event": "plan", "etag": "\(digest.etag)"])
            return
        }
        for line in plan.lines { logger.info("\(line)", metadata: ["event": "step", "etag": "\(digest.etag)"]) }
    }

    func noteDrift(_ lines: [String]) {
        status.drift.repairs += lines.count
        status.drift.lastAt = now
        status.drift.last = Array(lines.prefix(Self.shownSteps))
        logger.warning(
            "others have changed what is ours: \(lines.count) steps put it right", metadata: ["event": "drift"])
    }

    private func conclude(
        _ outcome: Synchronizer.Outcome, _ document: ServicesDocument, _ digest: ExportDigest, took elapsed: Duration
    ) {
        let reconciler = synchronizer.reconciler
        let isComplete = reconciler.refusedSteps.isEmpty
        let isNew = stored.applied != digest
        save(document, digest, reconciler, applied: isComplete ? digest : stored.applied)
        noteFailures()
        if isComplete, isNew || !isSettled || outcome.changes > 0 {
            if isNew { counters.applies += 1 }
            status.applied = GatewayStatus.Apply(
                etag: digest.etag, since: stored.appliedAt ?? now, changes: outcome.changes,
                milliseconds: elapsed.milliseconds)
            report(outcome, digest, elapsed)
        }
        isSettled = isComplete
        status.errors = []
        reportReady()
    }

    private func noteFlows() {
        guard let fault = synchronizer.flowFault else { return solved("conntrack") }
        problem(
            "conntrack",
            "flows under destination NAT may follow what was in force before: \(fault); modprobe nf_conntrack_netlink")
    }

    private func noteFailures() {
        let refusals = synchronizer.reconciler.refusedSteps.refusals.values.sorted {
            $0.error.command < $1.error.command
        }
        let known = Set(status.failures.map(\.error))
        status.failureCount = refusals.count
        status.failures = refusals.prefix(Self.shownSteps).map { refusal in
            GatewayStatus.Failure(
                error: "\(refusal.error)", since: refusal.since, attempts: refusal.attempts, retryAt: refusal.retryAt)
        }
        for failure in status.failures where !known.contains(failure.error) {
            logger.error("refused: \(failure.error)", metadata: ["event": "step-refused"])
        }
    }

    /// Writes the export and the state to disk, if they have changed.
    private func save(
        _ document: ServicesDocument, _ digest: ExportDigest, _ reconciler: Reconciler, applied: ExportDigest?
    ) {
        var next = stored
        next.drains = reconciler.drains
        next.addresses = reconciler.ownership.addresses
        next.leaving = reconciler.leaving
        next.untranslated = reconciler.untranslated
        if next.applied != applied { next.appliedAt = now }
        next.applied = applied
        next.export = digest
        do {
            if keptExport != digest {
                try store.saveExport(document.bytes, digest)
                keptExport = digest
            }
            if next != stored {
                try store.save(next, at: clocks())
                store.removeExports(but: digest)
                stored = next
            }
            solved("store")
        } catch {
            // ADMIN is told the state of the kernel, whether or not it is on disk.
            (stored.applied, stored.appliedAt) = (next.applied, next.appliedAt)
            problem("store", "\(error); the kernel is kept up to date, but a restart would not know what drains")
        }
    }

    // MARK: Problems

    /// Notes a problem, and logs it if it is new.
    func problem(_ subject: String, _ text: String) {
        guard problems[subject] != text else { return }
        problems[subject] = text
        logger.error("\(text)", metadata: ["event": "problem"])
    }

    func solved(_ subject: String) {
        guard let text = problems.removeValue(forKey: subject) else { return }
        logger.info("no longer: \(text)", metadata: ["event": "problem-solved"])
    }

    /// The greatest number of changes that are logged one per line; a whole load is summarized.
    private static let loggedChanges = 20
    /// How many steps of a long list the status shows.
    private static let shownSteps = 20

    private func report(_ outcome: Synchronizer.Outcome, _ digest: ExportDigest, _ elapsed: Duration) {
        let drains = synchronizer.reconciler.drains.count
        let line =
            "in agreement with export \(digest.short): \(outcome.changes) changes in "
            + "\(Int(elapsed.milliseconds.rounded())) ms" + (drains > 0 ? "; draining: \(drains)" : "")
        logger.info(
            "\(line)",
            metadata: ["event": "applied", "etag": "\(digest.etag)", "changes": "\(outcome.changes)"])
        notifier.status(line)
    }
}
