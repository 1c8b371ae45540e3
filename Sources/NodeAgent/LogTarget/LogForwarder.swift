import AdminAPI
import Foundation
import Glibc
import Logging
import ServiceSupport
import Text

/// Sends the logs of services to the log target. The logs themselves are the queue: what the target has not taken stays on
/// the disk as long as the log's own limits allow.
actor LogForwarder {
    /// Bytes of logs that are on their way at once, of all services together, and of each at least.
    private static let most = 256 << 10
    private static let least = 64 << 10
    /// How long the report has what was lost.
    private static let memory = Duration.seconds(3_600)

    private let target: LogTarget
    private let configuration: NodeConfiguration
    private let directory: NodeDirectory
    private let logger: Logger
    private let changed: @Sendable () -> Void
    private var spools: [ExactText: LogSpool] = [:]
    /// Services whose turn comes first: those that were not served last.
    private var turn: [ExactText] = []
    /// What is on the disk.
    private var saved = SpoolPositions()
    /// Whether something of it is not known any more.
    private var hasForgotten = false
    private var trouble: String?
    private var savingTrouble: String?
    /// Why logs cannot be read.
    private var unread: [ExactText: String] = [:]
    private var losses: [ExactText: (bytes: Int, at: ContinuousClock.Instant)] = [:]

    /// `nil`: logs are sent nowhere.
    init?(
        _ configuration: NodeConfiguration, _ directory: NodeDirectory, logger: Logger,
        changed: @escaping @Sendable () -> Void
    ) {
        guard let target = configuration.logTarget else { return nil }
        self.target = target
        self.configuration = configuration
        self.directory = directory
        self.logger = logger
        self.changed = changed
        do throws(FileError) {
            saved = SpoolPositions(reading: try Files.read(directory.logTarget, limit: 1 << 24) ?? [])
        } catch {
            logger.warning("\(error); logs are sent from their beginnings")
        }
    }

    /// What the report has to say.
    var problems: [String] {
        let lost = losses.filter { .now - $0.value.at < Self.memory }.sorted { $0.key < $1.key }
        return [trouble.map { "logs wait, since \(target) does not take them: \($0)" }, savingTrouble].compactMap(
            \.self)
            + unread.sorted { $0.key < $1.key }.map { name, fault in
                "the log of \(name.wrappedValue) is not sent: \(fault)"
            }
            + lost.map { name, loss in
                "the log of \(name.wrappedValue): at least \(loss.bytes) bytes were removed before the log target took them"
            }
    }

    // MARK: Sending

    /// Works until the task is cancelled.
    func run() async {
        var pause = 1.0
        while !Task.isCancelled {
            survey()
            guard isBehind else {
                try? await Task.sleep(for: .seconds(1))
                continue
            }
            do {
                let connection = try await LogConnection.open(target, caFile: configuration.logCAFile)
                defer { connection.close() }
                try await serve(connection) { pause = 1 }
                try await Task.sleep(for: .seconds(1))
            } catch {
                guard !Task.isCancelled else { break }
                trouble("\(error)")
                // Not all servers come back at the same moment.
                await wait(seconds: pause * .random(in: 0.5...1))
                pause = min(pause * 2, 30)
            }
        }
        save()
    }

    /// Sends what there is over a connection until the receiver closes it.
    private func serve(_ connection: LogConnection, taken: () -> Void) async throws {
        while !Task.isCancelled {
            survey()
            let batches = collect()
            guard !batches.isEmpty else {
                save()
                guard connection.isOpen else { return }
                try? await Task.sleep(for: .seconds(1))
                continue
            }
            try await connection.send(batches.flatMap(\.batch.messages)) { self.survey() }
            for (name, batch) in batches { spools[name]?.take(batch) }
            taken()
            trouble(nil)
            save()
        }
    }

    private func wait(seconds: Double) async {
        let end = ContinuousClock.now + .seconds(seconds)
        while !Task.isCancelled, .now < end {
            try? await Task.sleep(for: min(.seconds(1), end - .now))
            survey()
        }
    }

    private func trouble(_ problem: String?) {
        guard problem != trouble else { return }
        if let problem {
            logger.warning("\(target): \(problem)", metadata: ["event": "log-target-failed"])
        } else {
            logger.info("\(target) takes logs again", metadata: ["event": "log-target-recovered"])
        }
        trouble = problem
        changed()
    }

    // MARK: The logs

    private var isBehind: Bool { spools.contains { $0.value.isBehind(directory.log(of: $0.key.wrappedValue)) } }

    /// Looks which logs there are, and what of them is gone. Cost: the names are read, and a system call for each service,
    /// and some more where not all was sent.
    private func survey() {
        let names = Set(
            directory.logged.filter { name in
                guard let type = AssignedName.type(of: name) else { return false }
                return !configuration.unsentTypes.contains(ExactText(type))
            }.map { ExactText($0) })
        for name in Set(spools.keys).subtracting(names) {
            spools[name] = nil
            unread[name] = nil
            saved.entries[name] = nil
            hasForgotten = true
        }
        for name in names {
            var spool = spools[name] ?? LogSpool(service: name.wrappedValue, entry: saved.entries[name])
            let log = directory.log(of: name.wrappedValue)
            if spool.isBehind(log) {
                do throws(FileError) {
                    if let lost = try spool.look(OpenedLog(log, kept: configuration.logFiles)) { note(lost, of: name) }
                    unread[name] = nil
                } catch {
                    unread(name, error)
                }
            }
            spools[name] = spool
        }
    }

    private func unread(_ name: ExactText, _ error: FileError) {
        guard unread[name] != "\(error)" else { return }
        unread[name] = "\(error)"
        logger.warning("\(name.wrappedValue): \(error)", metadata: ["event": "log-unread"])
        changed()
    }

    private func note(_ lost: Int, of name: ExactText) {
        losses[name] = ((losses[name]?.bytes ?? 0) + lost, .now)
        logger.warning(
            "\(name.wrappedValue): at least \(lost) bytes of its log were removed before the log target took them",
            metadata: ["event": "log-target-loss"])
        changed()
    }

    /// What is sent next, of each service in the order of its log.
    private func collect() -> [(name: ExactText, batch: LogSpool.Batch)] {
        var found: [(name: ExactText, batch: LogSpool.Batch)] = []
        var left = Self.most
        let time = Date().formatted(.iso8601)
        turn = turn.filter { spools[$0] != nil } + spools.keys.filter { !turn.contains($0) }.sorted()
        for name in turn where left > 0 {
            let log = directory.log(of: name.wrappedValue)
            guard var spool = spools[name], spool.isBehind(log) else { continue }
            do throws(FileError) {
                let batch = try spool.batch(
                    OpenedLog(log, kept: configuration.logFiles), host: configuration.server, time: time,
                    limit: max(min(left, Self.most / 2), Self.least))
                spools[name] = spool
                guard let batch else { continue }
                left -= batch.messages.count
                found.append((name, batch))
                turn.removeAll { $0 == name }
                turn.append(name)
            } catch {
                unread(name, error)
            }
        }
        return found
    }

    // MARK: The file

    private func save() {
        var next = saved
        for (name, spool) in spools { next.entries[name] = spool.entry }
        guard next != saved || hasForgotten else { return }
        do throws(FileError) {
            try Files.replace(directory.logTarget, with: next.bytes, isDurable: false, mode: 0o600)
            saved = next
            hasForgotten = false
            savingTrouble = nil
        } catch {
            if savingTrouble == nil { logger.warning("\(error)") }
            savingTrouble = "what the log target has taken cannot be noted, so a restart would send it again: \(error)"
        }
    }
}
