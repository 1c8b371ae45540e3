import GatewaySync
import Logging
import ServicesExport

extension Gateway {
    /// Polls once and carries out what follows.
    @discardableResult
    func cycle() async -> PollResult {
        applyDecision()
        let request = ExportRequest(
            role: GatewayRole(rawValue: status.role) ?? configuration.role, known: current, applied: stored.applied,
            held: held.map {
                ExportRequest.Held(
                    digest: $0.digest, reason: $0.objections.joined(separator: "; "), isRejected: $0.isRejected)
            },
            failures: status.failureCount)
        let result: PollResult
        do {
            let answer = try await source.fetch(request)
            let start = clock.now
            switch answer {
            case .unchanged(let digest, let wasHeld):
                if digest == current { dropHeld() }
                result = .unchanged(held: wasHeld)
                settleIfDue(since: start)
            case .export(let bytes, let digest, let wasHeld):
                try consider(bytes, digest, since: start)
                result = .changed(held: wasHeld)
            }
            pollSucceeded(result)
        } catch is CancellationError {
            return .failed
        } catch {
            pollFailed(error)
            // Drains end whether or not ADMIN can be reached.
            settleIfDue(since: clock.now)
            result = .failed
        }
        if let problem = source.problem { self.problem("source", problem) } else { solved("source") }
        writeStatus()
        return result
    }

    private func pollSucceeded(_ result: PollResult) {
        if status.poll?.error != nil { logger.info("ADMIN answers again", metadata: ["event": "poll-recovered"]) }
        status.poll = GatewayStatus.Poll(at: now, succeededAt: now)
        let name = if case .changed = result { "changed" } else { "unchanged" }
        counters.polls[name, default: 0] += 1
    }

    private func pollFailed(_ error: any Error) {
        let fault = Self.fault(error)
        var poll = status.poll ?? GatewayStatus.Poll(at: 0)
        if poll.error != "\(error)" {
            logger.error("\(error)", metadata: ["event": "poll-failed", "fault": "\(fault)"])
        }
        poll.at = now
        poll.error = "\(error)"
        poll.fault = fault
        poll.failures += 1
        status.poll = poll
        counters.polls[fault, default: 0] += 1
    }

    /// The kind of failure, in one word.
    private static func fault(_ error: any Error) -> String {
        switch error {
        case let error as ExportSourceError: error.code.rawValue
        case let error as ServicesCSVError: error.fault
        case is ForeignMarkError: "foreign-marks"
        case is UnsupportedError: "unsupported"
        default: "local"
        }
    }

    // MARK: The export

    /// Puts the last good export in force at the start, whether or not ADMIN can be reached.
    func loadStoredExport() {
        guard let digest = stored.export else {
            logger.info("no export yet: nothing is written before the first")
            return
        }
        do {
            guard let bytes = try store.loadExport(digest) else {
                logger.warning("the last export \(digest.short) is not in \(store.path) or damaged; waiting for ADMIN")
                return
            }
            keptExport = digest
            let start = clock.now
            let (document, changes) = try synchronizer.reconciler.read(bytes)
            adopt(document, changes, digest, since: start)
            restoreVerdicts()
            if let since = stored.appliedAt, stored.applied == digest {
                status.applied = GatewayStatus.Apply(etag: digest.etag, since: since, changes: 0, milliseconds: 0)
            }
        } catch {
            logger.error("the last export \(digest.short) cannot be used: \(error)")
        }
    }

    /// Adopts a valid export, unless the guard objects.
    private func consider(_ bytes: [UInt8], _ digest: ExportDigest, since start: ContinuousClock.Instant) throws {
        let (document, changes) = try synchronizer.reconciler.read(bytes)
        let objections = try objections(to: document, changes, digest)
        guard objections.isEmpty else {
            hold(HeldExport(bytes: bytes, digest: digest, objections: objections, since: now))
            settleIfDue(since: start)
            return
        }
        held = nil
        store.removeDecision()
        adopt(document, changes, digest, since: start)
        try followRequirements()
        settle(since: start)
        followTargets()
    }

    private func adopt(
        _ document: ServicesDocument, _ changes: ExportChanges, _ digest: ExportDigest,
        since start: ContinuousClock.Instant
    ) {
        synchronizer.withHealth { [now = clocks().bootMilliseconds] in $0.advance(to: now) }
        synchronizer.adopt(document, changes)
        lastParse = clock.now - start
        current = digest
        isSettled = false
        let desired = synchronizer.reconciler.desired
        status.export = GatewayStatus.Export(
            etag: digest.etag, rows: document.rowCount, virtualServices: desired.services.count,
            realServers: desired.serverCount, elements: desired.elements.count)
    }

    // MARK: The guard

    private func objections(
        to document: ServicesDocument, _ changes: ExportChanges, _ digest: ExportDigest
    ) throws -> [String] {
        let reconciler = synchronizer.reconciler
        if let inForce = reconciler.document {
            let objections = configuration.exportGuard.objections(
                to: changes, egress: inForce.egress, endpoints: reconciler.desired.endpointCount,
                isNextEmpty: document.groups.isEmpty)
            return objections.isEmpty || isAccepted(digest) ? [] : objections
        }
        try synchronizer.readIfNeeded()
        guard let table = synchronizer.reconciler.kernel?.table else { return [] }
        let objections = configuration.exportGuard.objections(to: DesiredState(document), over: table)
        return objections.isEmpty || isAccepted(digest) ? [] : objections
    }

    private func isAccepted(_ digest: ExportDigest) -> Bool { store.loadDecision()?.verdict(on: digest) == .accept }

    private func hold(_ export: HeldExport) {
        counters.heldExports += 1
        var export = export
        export.isRejected = store.loadDecision()?.verdict(on: export.digest) == .reject
        held = export
        logger.error(
            """
            export \(export.digest.short) is held back: \(export.objections.joined(separator: "; ")). \
            To let it through: portcullis-gateway accept \(export.digest.short)
            """, metadata: ["event": "export-held", "etag": "\(export.digest.etag)"])
    }

    /// Drops the export that is held back, since ADMIN has returned to the one in force.
    private func dropHeld() {
        guard let export = held else { return }
        held = nil
        logger.info(
            "export \(export.digest.short) is no longer ADMIN's: not held any more",
            metadata: ["event": "held-export-gone", "etag": "\(export.digest.etag)"])
    }

    /// Carries out an operator's decision on the export that is held back.
    private func applyDecision() {
        guard var export = held, let verdict = store.loadDecision()?.verdict(on: export.digest) else { return }
        switch verdict {
        case .reject where !export.isRejected:
            export.isRejected = true
            held = export
            logger.warning(
                "export \(export.digest.short) was rejected by an operator: the one in force goes on",
                metadata: ["event": "export-rejected", "etag": "\(export.digest.etag)"])
        case .reject: return
        case .accept:
            logger.warning(
                "export \(export.digest.short) was accepted by an operator",
                metadata: ["event": "export-accepted", "etag": "\(export.digest.etag)"])
            do {
                try consider(export.bytes, export.digest, since: clock.now)
            } catch {
                logger.error("\(error)")
            }
        }
    }
}

extension ServicesCSVError {
    /// The error's code as a metric label.
    fileprivate var fault: String {
        switch code {
        case .olderFormat: "older-format"
        case .newerFormat: "newer-format"
        case .invalid: "invalid"
        }
    }
}
