import Times
import AdminAPI
import Cloud
import Foundation
import Logging
import ServiceSupport
import Text
import VersionTransfer
import Versions

/// The building of one version: its command, as node.yaml has it, then the version of its files, which ADMIN gets.
struct BuildRun: Sendable {
    let id: String
    let build: AssignedBuild
    let context: NodeContext

    private var folder: JobFolder { JobFolder(id, context.directory) }
    private var work: BuildWork { BuildWork(id, context.directory) }
    private var process: ServiceProcess { context.directory.process(ofJob: id) }
    private var secondsLeft: Double { InternetTime.date(build.deadline)?.timeIntervalSinceNow ?? 0 }

    /// Why a build fails, in words.
    private struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    /// A build whose end nobody saw.
    private struct Unknown: Error, CustomStringConvertible {
        var description: String {
            "portcullis-node was ended during the build, which was ended then; if ADMIN has the version, it is complete"
        }
    }

    /// Carries it out. If the task is cancelled, all that runs of it is ended.
    ///
    /// - Parameter note: called with each report.
    func run(_ note: @Sendable (JobReport) async -> Void) async {
        if let report = folder.report { return await note(report) }
        guard !Task.isCancelled else { return }
        var report = JobReport(state: .running, startedAt: Date().formatted(.iso8601))
        var isOver = true
        do {
            guard try folder.begin("") else { throw Unknown() }
            await note(report)
            let result = try await result(&report, note)
            report.state = .succeeded
            report.output = ReportedText.output("\(folder.output)\(result)\n")
        } catch {
            isOver = !Task.isCancelled
            report.state = error is Unknown ? .unknown : .failed
            report.problem = ReportedText.line(Self.text(error))
            report.output = folder.output
        }
        await clear()
        // The next agent says that nobody knows.
        guard isOver else { return }
        report.endedAt = Date().formatted(.iso8601)
        do { try folder.finish(report) } catch { context.logger.error("job \(id): \(error)") }
        await note(report)
    }

    /// Ends what runs, and removes what was made.
    private func clear() async {
        // A task of its own: one that is cancelled gets no thread.
        let clearing = Task { [process, work] in
            try await BlockingWork.run {
                BuildWork.stop(process)
                try work.remove()
            }
        }
        do {
            try await clearing.value
        } catch {
            context.logger.error("job \(id): \(error)")
        }
    }

    private static func text(_ error: any Error) -> String {
        switch error {
        case let error as TransferError: error.message
        case let error as ManifestError: "no version can be made of these files: \(error)"
        default: "\(error)"
        }
    }

    private func result(_ report: inout JobReport, _ note: @Sendable (JobReport) async -> Void) async throws -> String {
        guard secondsLeft > 0 else { throw Failure("its deadline had passed before it was begun") }
        let order = try BuildOrder(build, context.configuration.builds)
        guard let source = context.source else { throw Failure("there is no ADMIN that could get the version") }
        let build = try VersionBuild(order.version, of: try await source.configuration(of: order.version.type))
        let user = try context.users.builder(of: order.version.type, named: order.entry.user)
        let (work, reader) = (work, user.user.map { BuildReader(user: $0.user, group: $0.group) })
        try await BlockingWork.run { try work.make(for: user.user) }
        try await start(order, user)
        try await followCommand(&report, note)
        let (store, digest) = try await BlockingWork.run {
            let store = try VersionStore(opening: work.store, making: true)
            let session = try StoreSession(store.blobs)
            defer { session.end() }
            let files = try BuildDirectory(order.settings.directory, below: order.entry.source, for: reader)
            return (store, try build.add(files, to: store, session).digest)
        }
        let sent = try await push(digest, of: store, to: source)
        return "\(sent.text(isDryRun: false))\nmanifest \(digest)"
    }

    /// Seconds for which an ADMIN that cannot be reached is waited for.
    private static let patience = 120

    private func push(
        _ digest: ContentDigest, of store: VersionStore, to source: AdminSource
    ) async throws -> VersionPush.Result {
        let push = VersionPush(client: source, store: store, isDryRun: false) { _, _ in Unwatched() }
        let end = ContinuousClock.now + .seconds(min(Double(Self.patience), secondsLeft))
        while true {
            try Task.checkCancellation()
            do {
                return try await push.push(digest)
            } catch {
                guard source.refusal(of: error).isTransient, ContinuousClock.now < end else { throw error }
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    // MARK: The command

    private func start(_ order: BuildOrder, _ user: BuildUser) async throws {
        let command = BuildCommand(
            order.settings, order.version, path: nil, home: user.home, temporary: work.temporary)
        let program: String
        do throws(MissingProgram) {
            program = try command.program(in: order.entry.source)
        } catch {
            throw Failure("\(error). \(error.hint)")
        }
        var launch = KeeperLaunch(
            service: "build", process: process, instance: KeeperLaunch.newInstance(), version: order.version.name,
            work: order.entry.source, words: [program] + command.words.dropFirst(), environment: command.environment,
            user: user.user)
        launch.stopTimeout = BuildWork.stopTimeout
        launch.timeLimit = max(1, min(order.entry.timeout, Int(secondsLeft.rounded(.up))))
        let (ready, keeper) = (launch, context.keeper)
        try await BlockingWork.run { try ready.start(keeper: keeper) }
    }

    /// Waits for the command's end, and tells of its output. The log stays below a size.
    private func followCommand(
        _ report: inout JobReport, _ note: @Sendable (JobReport) async -> Void
    ) async throws {
        let (process, limit) = (process, context.configuration.logSize << 20)
        for turn in 1... {
            switch process.situation {
            case .ended(let ended):
                if let problem = JobRun.problem(ended, process.record) { throw Failure("the command: \(problem)") }
                return
            case .none: throw Unknown()
            case .alive: break
            }
            try await Task.sleep(for: .milliseconds(50))
            guard turn.isMultiple(of: 20) else { continue }
            try await BlockingWork.run { try process.rotateLog(limit: limit, kept: 1) }
            report.output = folder.output
            await note(report)
        }
    }
}

/// A transfer of which nobody watches how far it is.
private struct Unwatched: TransferWatch {
    func add(_: Int) {}
    func finishOne() {}
    func end() {}
}
