import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Names
import Synchronization
import Text

struct MoveService: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Move a service instance to another server.",
        discussion: """
            One that ADMIN installs, that runs and is exported, is installed, started and tested at the new server first. Then \
            the gateways send to it, and when all have confirmed that, the connections at the old server get their drain time. \
            The command waits for the end and shows what is waited for; to end it does not end the move. A service of a \
            unique type is stopped at the old server before it starts at the new one. Any other service is moved at once, and \
            so is each with --at-once. The directory at the old server stays until `services purge`; data is not moved along.

            Exit status: 0 the service is at the new server (with --no-wait: the move has begun), 1 it is not.
            """)

    @Argument(help: "The service: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @Argument(help: "The new server.", completion: .names(.servers), transform: NameArgument.read)
    var server: String?

    @Flag(help: "Give up the move that is on, while the gateways send to the old server.")
    var abort = false

    @Flag(
        help:
            "Move it with this very change: requests may be lost, and an exclusive service may run twice for a moment.")
    var atOnce = false

    @Option(
        help: ArgumentHelp(
            "How long connections at the old server get (seconds, or \(TimeSpan.forms)), if that is less than the type's "
                + "sections say.",
            valueName: "duration"))
    var drainTime: String?

    @Flag(help: "Move a service whose type keeps data on its server, and leave the data behind.")
    var withoutData = false

    @Flag(help: "Do not wait for the end of the move.")
    var noWait = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    private var drainSeconds: Int? { drainTime.flatMap { Int($0) ?? TimeSpan.seconds($0) } }

    func validate() throws {
        try ServiceNames.check([service])
        if abort {
            guard server == nil, !atOnce, drainTime == nil, !withoutData else {
                throw ValidationError("--abort takes the service alone")
            }
        } else if server == nil {
            throw ValidationError("name the new server, or say --abort")
        }
        if atOnce, drainTime != nil { throw ValidationError("--at-once and --drain-time exclude each other") }
        guard let drainTime else { return }
        guard let drainSeconds, Limits.drainSeconds.contains(drainSeconds) else {
            throw ValidationError("--drain-time: \(drainTime) is not a time up to 7 days, such as \(TimeSpan.forms)")
        }
    }

    func run(_ client: AdminResources) async throws {
        guard let server else { return try await abort(client) }
        var query: [(String, String)] = []
        if withoutData { query.append((QueryParameter.withoutData, "true")) }
        if atOnce { query.append((QueryParameter.atOnce, "true")) }
        if let drainSeconds { query.append((QueryParameter.drainTime, "\(drainSeconds)")) }
        let request = AdminRequest.change(.patch, .service(service), dryRun: change.dryRun, query: query)
            .json(ServicePatch(server: server))
        let report: ChangeReport = try await client.value(request)
        guard !change.dryRun else { return try await finish(report, client) }
        var move: MoveResource?
        if report.changes.contains(where: { $0.kind == .move && $0.action == .create }) {
            // It may have ended by now.
            move = try await client.value(AdminRequest(.get, .move(of: service)))
        } else if report.isEmpty {
            // One that is on already is followed, too.
            move = try await client.service(service).move
        }
        guard let move, move.to == server else { return try await finish(report, client) }
        try change.finish(report)
        guard !noWait else { return }
        try await MoveFollower(client).follow(service, createdAt: move.createdAt)
    }

    private func abort(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.delete, .move(of: service), dryRun: change.dryRun)
        let report: ChangeReport = try await client.value(request)
        try change.finish(report)
        guard !noWait, !change.dryRun, let move = try await client.service(service).move else { return }
        try await MoveFollower(client).follow(service, createdAt: move.createdAt, isAborted: true)
    }
}

/// Shows what a move waits for until it ends.
struct MoveFollower {
    private let client: AdminResources

    init(_ client: AdminResources) { self.client = client }

    /// Throws unless the service is at the new server at the end; with `isAborted`, unless it is at the old one.
    ///
    /// - Parameter createdAt: when the move began: a later one is not waited for.
    func follow(_ service: String, createdAt: String, isAborted: Bool = false) async throws {
        var reading = HeldReading(request: AdminRequest(.get, .move(of: service)), hasAnswered: true)
        let display = MoveDisplay()
        let clock = Task {
            while (try? await Task.sleep(for: .seconds(1))) != nil { display.tick() }
        }
        defer {
            clock.cancel()
            display.end()
        }
        while true {
            guard let move = try await reading.next(client, as: MoveResource.self) else { continue }
            guard move.createdAt == createdAt else {
                throw CommandError("the move has ended, and another one of \(service) is on")
            }
            guard move.state != .moving else {
                display.show(move)
                continue
            }
            display.end()
            return try end(move, isAborted)
        }
    }

    private func end(_ move: MoveResource, _ isAborted: Bool) throws {
        let name = move.service.printable
        switch move.state {
        case .moved:
            StandardError.write("\(name) is on \(move.to.printable).")
        case .aborted where isAborted:
            StandardError.write("\(name) stays on \(move.from.printable).")
        case .aborted:
            throw CommandError("the move of \(name) was aborted by somebody: it stays on \(move.from.printable)")
        case .overtaken:
            throw CommandError("somebody has moved \(name) at once meanwhile")
        case .failed, .moving:
            throw CommandError(
                "\(name) was not moved, and stays on \(move.from.printable): \((move.problem ?? "").printable)")
        }
    }
}

/// Tells what a move waits for; at a terminal, the time that is left counts down.
final class MoveDisplay: Sendable {
    private struct Shown {
        var progress = WaitProgress()
        var move: MoveResource?
        var since = ContinuousClock.now
    }

    private let shown = Mutex(Shown())

    /// Shows an answer of ADMIN.
    func show(_ move: MoveResource) {
        shown.withLock { shown in
            let isNews =
                shown.move.map { Self.text($0.withoutTime, elapsed: 0) != Self.text(move.withoutTime, elapsed: 0) }
                ?? true
            (shown.move, shown.since) = (move, .now)
            if isNews || shown.progress.isTerminal { shown.progress.show(Self.text(move, elapsed: 0)) }
        }
    }

    /// Shows how the time goes by.
    func tick() {
        shown.withLock { shown in
            guard shown.progress.isTerminal, let move = shown.move else { return }
            shown.progress.show(Self.text(move, elapsed: Int((ContinuousClock.now - shown.since).components.seconds)))
        }
    }

    /// Clears the line.
    func end() {
        shown.withLock { shown in
            shown.move = nil
            shown.progress.end()
        }
    }

    /// `leaving: connections on app1 to end, 10 s at most`
    ///
    /// - Parameter elapsed: seconds since ADMIN has told it.
    static func text(_ move: MoveResource, elapsed: Int) -> String {
        let left = move.secondsLeft.map { ", \(max(0, $0 - elapsed)) s at most" } ?? ""
        return "\(move.stage): \(move.waitsFor ?? "ADMIN")\(left)".printable
    }
}

extension MoveResource {
    /// Without what changes by the time alone.
    fileprivate var withoutTime: MoveResource {
        var move = self
        move.secondsLeft = nil
        return move
    }
}
