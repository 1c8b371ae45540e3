import AdminAPI
import CrashDumps
import Foundation
import Logging
import ServiceSupport
import Text
import Versions

/// Takes the crashes that masters note: has each dumped, keeps it, lets go of the process, and reports it to ADMIN.
actor CrashWatch {
    private let context: NodeContext
    private let shelf: CrashShelf
    private let changes = Changes()
    private var quota = DumpQuota()
    /// Fingerprints by what is known of a crash before its dump.
    private var kinds: [ExactText: String]
    /// Notes that cannot be read, of which the log has a line.
    private var unreadable: Set<String> = []
    private var signal: CrashSignal?
    /// The last trouble with ADMIN.
    private var trouble: String?
    /// No report is sent before.
    private var nextReport = ContinuousClock.now

    /// Kinds that are remembered.
    private static let mostKinds = 4_096

    init(_ context: NodeContext) {
        self.context = context
        shelf = CrashShelf(context.directory, room: context.configuration.crashDumps << 20)
        kinds = shelf.kinds
    }

    private var logger: Logger { context.logger }

    /// Works until the task is cancelled.
    func run() async {
        do throws(FileError) {
            signal = try CrashSignal(context.directory.crashSignal) { [changes] in changes.note() }
        } catch {
            logger.error(
                "crashes are found within half a minute only: \(error)", metadata: ["event": "crash-signal-failed"])
        }
        // gdb that an agent before this one has left.
        for id in shelf.ids { CrashInspection.clear(shelf.process(id)) }
        while !Task.isCancelled {
            for service in Files.names(in: "\(context.directory.own)/run") where ServiceFolder.isService(service) {
                await look(at: service)
            }
            await report()
            let wait = shelf.ids.isEmpty || trouble == nil ? Duration.seconds(30) : nextReport - .now
            await changes.wait(atMost: max(.milliseconds(100), min(wait, .seconds(30))))
        }
        signal = nil
    }

    // MARK: Notes

    private func look(at service: String) async {
        guard let folder = try? NotesFolder(of: service, context.directory), let ids = try? folder.ids else { return }
        for id in ids {
            guard !Task.isCancelled else { return }
            guard let (note, user) = folder.note(id) else {
                if unreadable.insert(id).inserted {
                    logger.warning("\(service): the note of a crash \(id) is none", metadata: ["event": "crash-unread"])
                }
                folder.remove(id)
                continue
            }
            guard !shelf.has(id) else {
                folder.remove(id)
                continue
            }
            do {
                try await take(note, of: service, as: user)
                folder.remove(id)
            } catch is CancellationError {
                return
            } catch {
                // On a full disk the process need not stand still for longer; the note is tried again.
                logger.error("\(service): the crash \(id) is not kept: \(error)", metadata: ["event": "crash-not-kept"])
            }
        }
    }

    private func take(_ note: CrashNote, of service: String, as user: ServiceUser) async throws {
        let inspection = CrashInspection(note: note, service: service, user: user, context: context, shelf: shelf)
        let kind = inspection.kind()
        let key = ExactText(kind.text)
        let result = try await inspection.run(kind, refusal: refusal(note, kind.text), known: kinds[key])
        try shelf.keep(result.report, dump: result.dump, kind: result.kind)
        if !result.dump.isEmpty {
            if kinds.count >= Self.mostKinds { kinds.removeAll() }
            kinds[key] = result.report.fingerprint
        }
        shelf.trim()
        let place = result.report.frames.first.map { " in \($0.function ?? $0.address)" } ?? ""
        logger.warning(
            "\(service): worker \(note.worker) \(note.end)\(place.printable)",
            metadata: ["event": "crash", "fingerprint": "\(result.report.fingerprint)"])
    }

    /// Why a crash is not dumped; `nil`: it is.
    private func refusal(_ note: CrashNote, _ kind: String) -> String? {
        guard note.isParked || note.kind == .hung else {
            switch note.kind {
            case .crashed: return "the process had no crash part of libportcullis-worker, so it had ended"
            case .killed: return "a signal from outside leaves no stack"
            case .exited: return "it ended by itself, which leaves no stack"
            default: return "it had ended"
            }
        }
        guard context.configuration.crashDumps > 0 else { return "crash-dumps is 0 on this server" }
        guard quota.takes(kind, at: ProcessTable.bootMilliseconds) else {
            return "there were \(DumpQuota.most) dumps of such a crash within the hour"
        }
        return nil
    }

    // MARK: ADMIN

    private func report() async {
        guard let source = context.source, ContinuousClock.now >= nextReport else { return }
        for report in shelf.waiting() {
            guard !Task.isCancelled else { return }
            do {
                try await source.report(report)
                shelf.deliver(report.id)
                trouble = nil
            } catch let error as SourceError where [400, 404, 405, 409, 413, 422].contains(error.status) {
                // Sent once more it would be refused once more.
                logger.error("ADMIN refuses a crash: \(error)", metadata: ["event": "crash-refused"])
                shelf.deliver(report.id)
            } catch {
                if trouble != "\(error)", !(error is CancellationError) {
                    logger.warning("crashes are not reported: \(error)", metadata: ["event": "crash-report-failed"])
                }
                trouble = "\(error)"
                nextReport = .now + .seconds(5)
                return
            }
        }
    }

    // MARK: Dumps

    /// The wishes of ADMIN's last answer.
    private(set) var known = "none"

    /// Notes what ADMIN's answer to a poll says of dumps, and sends those that it had not wanted before.
    func want(_ wishes: String?) {
        let before = Set(WantedDump.list(known))
        known = wishes ?? "none"
        for wish in WantedDump.list(known) where !before.contains(wish) {
            Task { await send(wish.crash) }
        }
    }

    private func send(_ id: String) async {
        do {
            let dump = try await BlockingWork.run { [shelf] in shelf.dump(of: id) }
            try await context.source?.send(dump: dump, of: id)
        } catch {
            logger.warning("the dump of \(id) is not sent: \(error)", metadata: ["event": "dump-failed"])
        }
    }
}
