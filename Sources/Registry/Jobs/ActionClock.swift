import Cloud
import Foundation
public import Logging
import Names
public import ServiceLifecycle

/// Makes the jobs of actions that are run `every` so often, for each installed service that is to run.
///
/// When one was last made is in the registry, so that a restart or a clock that is set back makes none twice. None is made
/// while a job of the same action has not ended, or while the server is silent: it is made afterwards.
public actor ActionClock: Service {
    /// The time between two looks.
    static let interval = Duration.seconds(1)
    /// Jobs that one commit makes at most: after a long stop of ADMIN, all may be due.
    static let atOnce = 100

    /// An action of a service that is run at intervals.
    fileprivate struct Entry: Sendable {
        let run: ScheduledAction
        let server: String
        let every: Int
        let timeout: Int
    }

    private let registry: Registry
    private let nodes: NodeRoster
    private let logger: Logger
    /// The entries at a generation of the registry.
    private var entries: (generation: Int, list: [Entry]) = (0, [])
    private var trouble: String?

    public init(registry: Registry, nodes: NodeRoster, logger: Logger) {
        self.registry = registry
        self.nodes = nodes
        self.logger = logger
    }

    /// Works until the service group shuts down.
    public func run() async throws {
        await repeatUntilShutdown("actions", registry.loops) {
            await self.look()
            return Self.interval
        }
    }

    /// Makes the jobs that are due. Cost: a look at each action at intervals of each service, and a walk over all services
    /// after a change.
    package func look() async {
        guard let state = try? await registry.state() else { return }
        if entries.generation != state.generation { entries = (state.generation, Self.entries(of: state.cloud)) }
        guard !entries.list.isEmpty else { return }
        let now = Int(registry.now().timeIntervalSince1970)
        var counted: [Entry] = []
        var due: [Entry] = []
        var open: Set<ScheduledAction>?
        for entry in entries.list {
            guard let last = state.cloud.actionRuns[entry.run] else {
                counted.append(entry)
                continue
            }
            switch entry.run.standing(every: entry.every, last: last, now: now) {
            case .waiting: continue
            case .ahead: counted.append(entry)
            case .due:
                let running = open ?? Self.running(in: state.cloud)
                open = running
                guard due.count < Self.atOnce, !running.contains(entry.run) else { continue }
                guard await !nodes.sighting(of: entry.run.service, on: entry.server).isSilent else { continue }
                due.append(entry)
            }
        }
        guard !counted.isEmpty || !due.isEmpty else { return }
        await write(counted, due, since: state.cloud.actionRuns, now: now)
    }

    private func write(_ counted: [Entry], _ due: [Entry], since runs: [ScheduledAction: Int], now: Int) async {
        let time = registry.now()
        let nonces = due.map { _ in UInt32.random(in: .min ... .max) }
        do {
            _ = try await registry.write(by: ChangeAuthor(TokenGrant.clock), dryRun: false) { cloud, _ in
                for entry in counted where cloud.actionRuns[entry.run] == runs[entry.run] {
                    cloud.actionRuns[entry.run] = now
                }
                for (entry, nonce) in zip(due, nonces) where cloud.actionRuns[entry.run] == runs[entry.run] {
                    // A server with too many jobs gets it later, and one of a changed type not at all.
                    guard (try? cloud.add(entry.job(at: time), nonce: nonce)) != nil else { continue }
                    cloud.actionRuns[entry.run] = now
                }
            }
            trouble = nil
        } catch {
            guard trouble != "\(error)" else { return }
            trouble = "\(error)"
            logger.failure("jobs at intervals cannot be made, and are tried again", error)
        }
    }

    private static func entries(of cloud: Cloud) -> [Entry] {
        let types = cloud.types.mapValues { $0.configuration.actions.filter { $0.every != nil } }
            .filter { !$0.value.isEmpty }
        guard !types.isEmpty else { return [] }
        return cloud.services.values.filter { $0.installation?.desired == .running }.flatMap { service in
            (types[service.type] ?? []).compactMap { action in
                action.every.map {
                    Entry(
                        run: ScheduledAction(service: service.name, action: action.name), server: service.server,
                        every: $0, timeout: action.timeout)
                }
            }
        }.sorted { $0.run < $1.run }
    }

    /// The actions of which a job has not ended. Walks over all jobs.
    private static func running(in cloud: Cloud) -> Set<ScheduledAction> {
        Set(
            cloud.jobs.values.lazy.filter { $0.end == nil }.compactMap { job in
                guard let work = job.serviceWork else { return nil }
                return work.name.map { ScheduledAction(service: work.service, action: $0) }
            })
    }
}

extension ActionClock.Entry {
    /// It may begin within an hour, or until the next time comes, and then take as long as the action may.
    fileprivate func job(at time: Date) -> JobRequest {
        JobRequest(
            service: run.service, kind: .action, name: run.action, createdBy: TokenGrant.clock,
            createdAt: Timestamp.text(time),
            deadline: Timestamp.text(time.addingTimeInterval(Double(min(every, 3_600) + timeout))))
    }
}
