import AdminAPI
import Cloud
public import Logging
public import Registry
public import ServiceLifecycle
import ServiceSupport
import Text

/// Delivers notices to all channels of the settings, and removes old ones from the outbox.
public actor NoticeCourier: Service {
    /// Notices that are kept although they are settled: the newest.
    static let kept = 10_000
    /// The time between two looks at what is to be removed.
    private static let interval = Duration.seconds(60)

    private struct Working {
        let courier: ChannelCourier
        let target: NoticeTarget
        var task: Task<Void, Never>?
    }

    private let registry: Registry
    private let logger: Logger
    /// In the order of the settings.
    private var channels: [Working] = []
    private var isRunning = false

    /// Throws `SettingsError` if a file of a channel cannot be used.
    public init(_ settings: [NoticeChannelSettings], registry: Registry, logger: Logger) throws {
        self.registry = registry
        self.logger = logger
        channels = try settings.map {
            Self.working($0, try NoticeTarget($0), registry: registry, logger: logger)
        }
    }

    private static func working(
        _ settings: NoticeChannelSettings, _ target: NoticeTarget, registry: Registry, logger: Logger
    ) -> Working {
        return Working(
            courier: ChannelCourier(
                settings, target.channel(now: registry.now, logger: logger), registry: registry, logger: logger),
            target: target)
    }

    /// Works until the service group shuts down. What is being sent then is sent again after the next start.
    public func run() async throws {
        await begin()
        try? await cancelWhenGracefulShutdown {
            while true {
                await self.prune()
                try await Task.sleep(for: Self.interval)
            }
        }
        isRunning = false
        for channel in channels { channel.task?.cancel() }
        for channel in channels { await channel.task?.value }
    }

    private func begin() async {
        isRunning = true
        await forgetOthers()
        await link()
        for index in channels.indices { start(index) }
    }

    /// Tells each courier who stands in for it.
    private func link() async {
        for channel in channels {
            let name = channel.courier.settings.fallback
            let other = channels.first { ExactText($0.courier.settings.name) == name }
            await channel.courier.setFallback(other?.courier)
        }
    }

    private func start(_ index: Int) {
        let courier = channels[index].courier
        channels[index].task = Task { await courier.run() }
    }

    /// Takes other channels. Those that stay as they are go on undisturbed; one that is new gets what comes from now on.
    ///
    /// Throws `SettingsError` if a file of a channel cannot be used; then all stays as it was.
    public func reload(_ settings: [NoticeChannelSettings]) async throws {
        var next: [Working] = []
        var kept: Set<Int> = []
        var new: [Int] = []
        for one in settings {
            let target = try NoticeTarget(one)
            if let index = channels.firstIndex(where: { $0.courier.settings == one && $0.target == target }) {
                kept.insert(index)
                next.append(channels[index])
            } else {
                new.append(next.count)
                next.append(Self.working(one, target, registry: registry, logger: logger))
            }
        }
        let gone = channels.indices.filter { !kept.contains($0) }.map { channels[$0] }
        channels = next
        for channel in gone {
            channel.task?.cancel()
            await channel.task?.value
        }
        guard isRunning else { return }
        await forgetOthers()
        await link()
        for index in new { start(index) }
        await registry.listChanges.noteChange(of: .notices)
    }

    /// Forgets channels that the settings do not have any more: what waits there is not delivered.
    private func forgetOthers() async {
        do {
            let names = Set(channels.map { ExactText($0.courier.settings.name) })
            for state in try await registry.store.noticeChannels() where !names.contains(ExactText(state.name)) {
                logger.notice("a channel for notices is gone from the settings", metadata: ["channel": "\(state.name)"])
                try await registry.store.forgetNoticeChannel(state.name)
            }
            // Each is there before anything is written to the outbox.
            for channel in channels { _ = try await registry.store.addNoticeChannel(channel.courier.settings.name) }
        } catch {
            logger.warning("the channels for notices cannot be noted now", metadata: ["error": "\(error)"])
        }
    }

    private func prune() async {
        do {
            if try await registry.store.pruneNotices(keeping: Self.kept) > 0 {
                await registry.listChanges.noteChange(of: .notices)
            }
        } catch {
            logger.warning("old notices cannot be removed now", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Reading

    /// The names of the channels.
    var names: [String] { channels.map(\.courier.settings.name) }

    /// The notices that are kept, in their order and without their texts.
    func resources() async throws -> [NoticeResource] {
        let outcomes = Dictionary(grouping: try await registry.store.noticeOutcomes(of: nil), by: \.number)
        let problems = await problems()
        return try await registry.store.notices().map { resource($0, outcomes[$0.number] ?? [], problems) }
    }

    /// A notice with its text.
    ///
    /// Throws `ChangeError.missing` if there is none, or no more.
    func resource(_ text: String) async throws -> NoticeResource {
        guard let number = Int(text), let notice = try await registry.store.notice(number) else {
            throw ChangeError.missing("notice \(text.shownName())")
        }
        var resource = resource(
            notice, try await registry.store.noticeOutcomes(of: number), await problems())
        resource.text = notice.notice.text
        return resource
    }

    /// What keeps channels from delivering, by their names.
    private func problems() async -> [String: String] {
        var problems: [String: String] = [:]
        for channel in channels { problems[channel.courier.settings.name] = await channel.courier.problem }
        return problems
    }

    private func resource(
        _ stored: StoredNotice, _ outcomes: [NoticeOutcome], _ problems: [String: String]
    ) -> NoticeResource {
        let notice = stored.notice
        var deliveries = outcomes.map { outcome in
            NoticeResource.Delivery(
                channel: outcome.channel, state: outcome.state, time: outcome.time, problem: outcome.problem)
        }
        for channel in channels where channel.courier.settings.takes(notice) {
            let name = channel.courier.settings.name
            guard !deliveries.contains(where: { $0.channel.isExactly(name) }) else { continue }
            deliveries.append(.init(channel: name, state: .waiting, problem: problems[name]))
        }
        return NoticeResource(
            number: stored.number, time: stored.time, severity: notice.severity, subject: notice.subject,
            name: notice.name, title: notice.title, location: notice.location, type: notice.type,
            isResolved: notice.isResolved, isLasting: notice.isLasting, deliveries: deliveries)
    }
}
