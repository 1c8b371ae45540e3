import GatewaySync
import HealthChecks
import Logging
import NIOCore
import NetworkTypes
import Text

/// The conversation with the prober.
extension Gateway {
    /// Lets the prober connect, as long as the task runs. Another one takes its place only when it is gone or silent.
    func serveProber(_ listener: ProberListener) async {
        while !Task.isCancelled {
            do {
                try await listener.accept { [self] connection in await converse(with: connection, of: listener) }
            } catch {
                guard !Task.isCancelled else { return }
                problem("checks-socket", "the prober cannot connect: \(error)")
            }
            await sleep(.seconds(configuration.interval))
        }
    }

    private func converse(with connection: ProberListener.Connection, of listener: ProberListener) async {
        if let objection = await listener.objection(to: connection) {
            logger.warning(
                "a connection to checks.sock is refused: \(objection)", metadata: ["event": "prober-refused"])
            try? await connection.channel.close()
            return
        }
        solved("checks-socket")
        guard !prober.isWorking(at: clocks().bootMilliseconds) else {
            logger.warning(
                "a second prober is refused while the first one works", metadata: ["event": "prober-refused"])
            try? await connection.channel.close()
            return
        }
        prober.channel?.close(promise: nil)
        prober.channel = connection.channel
        prober.heardAt = clocks().bootMilliseconds
        logger.info("the prober is there", metadata: ["event": "prober-connected"])
        let (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        prober.bell = ring
        var end = "it has closed the connection"
        do {
            try await connection.executeThenClose { inbound, outbound in
                try await withThrowingTaskGroup { group in
                    group.addTask { [self] in try await instruct(outbound, at: bell) }
                    group.addTask { [self] in try await listen(to: inbound) }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            }
        } catch {
            end = "\(error)"
        }
        guard prober.channel === connection.channel else { return }
        prober.channel = nil
        prober.bell = nil
        prober.state = nil
        guard !Task.isCancelled else { return }
        logger.warning(
            "the prober is gone (\(end)): what it said last holds for \(HealthOverlay.patience / 1_000) s",
            metadata: ["event": "prober-gone"])
        writeStatus()
    }

    // MARK: To the prober

    /// Tells the prober all targets, and then what changes.
    private func instruct(
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, at bell: AsyncStream<Void>
    ) async throws {
        var lines = [DaemonMessage.greeting(version: ProberProtocol.version)] + allTargets()
        lines.append(.whole)
        try await Self.write(lines, to: outbound)
        for await _ in bell { try await Self.write(changedTargets(), to: outbound) }
    }

    private func allTargets() -> [DaemonMessage] {
        synchronizer.withHealth { health in
            _ = health.takeNews()
            return health.targets.map { target, known in Self.message(target, known, at: health.instant) }
        }
    }

    private func changedTargets() -> [DaemonMessage] {
        synchronizer.withHealth { health in
            let news = health.takeNews()
            return news.map { id, target in
                guard let target, let known = health.targets[target] else { return .remove(id: id) }
                return Self.message(target, known, at: health.instant)
            }
        }
    }

    private static func message(_ target: ProbeTarget, _ known: CheckedTarget, at instant: Int) -> DaemonMessage {
        .target(
            id: known.id, target,
            known: known.verdict.map { DaemonMessage.KnownVerdict($0, age: max(0, instant - known.since)) })
    }

    private static func write(
        _ messages: [DaemonMessage], to outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        var buffer = ByteBuffer()
        for message in messages {
            buffer.writeString("\(message)\n")
            guard buffer.readableBytes >= 1 << 16 else { continue }
            try await outbound.write(buffer)
            buffer = ByteBuffer()
        }
        if buffer.readableBytes > 0 { try await outbound.write(buffer) }
    }

    // MARK: From the prober

    private func listen(to inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async throws {
        var lines = MessageLines()
        var isGreeted = false
        for try await bytes in inbound {
            lines.append(bytes.readableBytesView)
            var hasVerdicts = false
            while let line = try lines.next() {
                switch try ProberMessage(line: line) {
                case .greeting(let version):
                    guard version == ProberProtocol.version else {
                        throw ProberConversationError("it speaks version \(version), not \(ProberProtocol.version)")
                    }
                    isGreeted = true
                case _ where !isGreeted: throw ProberConversationError("it does not greet")
                case .verdict(let verdict):
                    note(verdict)
                    hasVerdicts = true
                case .result(let result): synchronizer.withHealth { $0.take(result) }
                case .alive(let state):
                    prober.state = state
                    prober.heardAt = clocks().bootMilliseconds
                    synchronizer.withHealth { [now = prober.heardAt] in $0.heard(at: now) }
                    noteProber()
                }
            }
            if hasVerdicts { followVerdicts() }
        }
    }

    private func note(_ told: ProberMessage.TargetVerdict) {
        let now = clocks().bootMilliseconds
        let wasHeld = synchronizer.reconciler.health.stormEnd != nil
        guard
            let (target, before, after) = synchronizer.withHealth({ health in
                health.heard(at: now)
                return health.take(told, at: now)
            })
        else { return }
        noteStorm(since: wasHeld)
        guard before.verdict != told.verdict else { return }
        if before.verdict == nil, told.verdict == .up { return }
        counters.verdicts[told.verdict.rawValue, default: 0] += 1
        guard prober.mayLog(at: now) else { return }
        let users = before.users.keys.sorted().map { "\($0.service) \($0.section)" }
        let place = "\(target.endpoint) (\(users.prefix(3).joined(separator: ", "))\(users.count > 3 ? ", …" : ""))"
        switch told.verdict {
        case .down:
            logger.warning(
                "\(place) is down: \(after.failure)", metadata: ["event": "server-down"])
        case .up: logger.info("\(place) is up again", metadata: ["event": "server-up"])
        }
    }

    private func noteStorm(since wasHeld: Bool) {
        guard !wasHeld, let end = synchronizer.reconciler.health.stormEnd else { return }
        logger.error(
            """
            half of all servers failed at once, which is hardly the servers: weights stay as they are for \
            \((end - clocks().bootMilliseconds + 999) / 1_000) s
            """, metadata: ["event": "mass-failure"])
    }

    // MARK: What follows

    /// Brings the kernel into agreement with verdicts that have changed.
    func followVerdicts() {
        if synchronizer.layHealth() {
            settle(since: clock.now, cause: .health)
            writeStatus()
        }
        storeVerdicts()
        prober.alarm?.cancel()
    }

    /// Tells the prober of targets that have come or gone, and stores what is known of the others.
    func followTargets() {
        if !synchronizer.reconciler.health.news.isEmpty { prober.bell?.yield() }
        noteProber()
        storeVerdicts()
        prober.alarm?.cancel()
    }

    /// Tells of a prober that is missed.
    private func noteProber() {
        let health = synchronizer.reconciler.health
        guard !health.targets.isEmpty, !health.isInForce else { return solved("checks") }
        problem(
            "checks",
            "no prober for \(HealthOverlay.patience / 1_000) s, so servers count as ADMIN says: "
                + "systemctl start portcullis-checks")
    }

    /// Carries out what comes by time: a server that is taken out, a weight that climbs, the end of a mass failure, the end
    /// of the wait for a prober.
    func followHealth() async {
        while !Task.isCancelled {
            let pause = synchronizer.reconciler.health.next.map { $0 - clocks().bootMilliseconds } ?? 3_600_000
            let alarm = Task { [sleep] in await sleep(.milliseconds(max(10, pause))) }
            prober.alarm = alarm
            await withTaskCancellationHandler {
                await alarm.value
            } onCancel: {
                alarm.cancel()
            }
            let wasInForce = synchronizer.reconciler.health.isInForce
            synchronizer.withHealth { [now = clocks().bootMilliseconds] in $0.advance(to: now) }
            if wasInForce, !synchronizer.reconciler.health.isInForce {
                // If it is only stuck, it must say everything anew.
                prober.channel?.close(promise: nil)
            }
            noteProber()
            if synchronizer.layHealth() {
                settle(since: clock.now, cause: .health)
                writeStatus()
                storeVerdicts()
            } else if prober.isStoreDue {
                storeVerdicts()
                if !prober.isStoreDue { writeStatus() }
            }
        }
    }

    // MARK: On disk

    /// Stores what a restart must know of the verdicts, if it has changed.
    private func storeVerdicts() {
        let verdicts = StoredVerdicts(synchronizer.reconciler.health)
        guard prober.stored != verdicts else { return }
        do {
            try store.save(verdicts, at: clocks())
            prober.stored = verdicts
            prober.isStoreDue = false
            solved("verdicts")
        } catch {
            prober.isStoreDue = true
            problem("verdicts", "\(error); a restart would not know which servers are down")
        }
    }

    /// Puts back what an earlier process knew, at the start. A single `sync` has no prober, and so no verdicts: they would
    /// never end.
    func restoreVerdicts() {
        guard listener != nil else { return }
        do {
            guard let verdicts = try StateDirectory.loadVerdicts(of: store.path, at: clocks()) else { return }
            synchronizer.withHealth { verdicts.restore(to: &$0) }
        } catch {
            logger.warning("\(error): all servers count until they are probed", metadata: ["event": "verdicts-lost"])
        }
    }
}

/// Why the conversation with a prober ends.
struct ProberConversationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension ProbeTarget {
    /// `10.1.0.11:8080`, `[fd00::1]:8080`; without the port where the check needs none.
    var endpoint: String {
        port == 0 ? "\(address)" : address.endpoint(port)
    }
}
