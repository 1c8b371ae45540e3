import AdminAPI
import Cloud
import Foundation
import Logging
import Registry
import ServiceSupport
import Text

/// Delivers the notices of the outbox to one channel: each at least once, and in order.
///
/// A message is written down before it is sent for the first time. So it has the same identifier and the same notices
/// until it is settled, also after ADMIN was killed. Each channel has a courier of its own: one that hangs holds up no
/// other.
actor ChannelCourier {
    nonisolated let settings: NoticeChannelSettings
    private let registry: Registry
    private let channel: any NoticeChannel
    private let logger: Logger
    /// `nil`: it was not read yet.
    private var state: NoticeChannelState?
    /// Notices beyond the cursor that are settled, or not for the channel.
    private var settled: Set<Int> = []
    /// How far the cursor in the store is.
    private var storedCursor = 0
    /// The notices of the message that was begun.
    private var current: [StoredNotice] = []
    private var recent: [NoticeQueue.Key: Duration] = [:]
    private var failures = 0
    /// Who gets what cannot be delivered here.
    private var fallback: ChannelCourier?
    private var outage = ChannelOutage()
    /// Whether a message is on its way: a channel sends one after the other.
    private var isSending = false
    /// Why the receiver could not be told again of what lasts.
    private var refreshProblem: String?
    /// What the last attempt has met.
    private(set) var problem: String?

    /// Notices that are read at a time.
    private static let page = 600
    /// How far the cursor goes on in memory alone, over notices that are not for the channel.
    private static let cursorSlack = 100
    /// The pause after the store has failed.
    private static let storePause = Duration.seconds(5)

    init(_ settings: NoticeChannelSettings, _ channel: any NoticeChannel, registry: Registry, logger: Logger) {
        self.settings = settings
        self.channel = channel
        self.registry = registry
        var logger = logger
        logger[metadataKey: "channel"] = "\(settings.name)"
        self.logger = logger
    }

    /// What is to be done next.
    enum Step {
        case again
        /// Nothing before that time, whatever comes.
        case pause(Duration)
        /// Nothing until there are other notices, or the time is over.
        case idle(Duration?)
    }

    /// Works until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let seen = await registry.outbox.tag(of: "notices")
            let step: Step
            do {
                step = try await turn()
            } catch {
                logger.failure("notices cannot be delivered now", error)
                step = .pause(Self.storePause)
            }
            switch step {
            case .again: break
            case .pause(let time): try? await Task.sleep(for: time)
            case .idle(let time): await wait(from: seen, atMost: time)
            }
        }
        await channel.shutdown()
    }

    private func wait(from seen: String, atMost time: Duration?) async {
        await withTaskGroup(of: Void.self) { [outbox = registry.outbox] group in
            group.addTask {
                _ = await outbox.change(of: "notices", tokens: .max) { $0.isExactly(seen) }
            }
            if let time { group.addTask { try? await Task.sleep(for: time) } }
            _ = await group.next()
            group.cancelAll()
        }
    }

    /// Chooses a message if none was begun, and tries once to deliver it.
    func turn() async throws -> Step {
        if state == nil {
            let state = try await registry.store.addNoticeChannel(settings.name)
            (self.state, storedCursor) = (state, state.cursor)
            await channel.restore(state.memory, isBegun: state.message != nil)
            let outcomes = try await registry.store.noticeOutcomes(of: nil)
            settled = Set(
                outcomes.lazy.filter { $0.channel == self.settings.name && $0.number > state.cursor }.map(\.number))
        }
        let refresh = await refresh()
        var readiness = await channel.readiness()
        // While another channel stands in, this one's limits hold up nothing.
        if case .wait(let time) = readiness, settings.fallback != nil {
            readiness = isOut ? .ready : .wait(min(time, Self.fallbackPause))
        }
        if case .wait(let time) = readiness, state?.message != nil { return .pause(time) }
        if state?.message != nil {
            if current.isEmpty { try await readMessage() }
            return try await attempt()
        }
        let step = try await choose(readiness)
        guard case .idle(let time) = step, let refresh else { return step }
        return .idle(min(time ?? refresh, refresh))
    }

    /// Has the receiver told again of what lasts.
    /// - Returns: when it is to be told next.
    private func refresh() async -> Duration? {
        let refresh = await channel.refresh()
        if let reason = refresh.problem, refreshProblem.map({ !$0.isExactly(reason) }) ?? true {
            logger.warning("the receiver cannot be told again of what lasts", metadata: ["reason": "\(reason)"])
        }
        refreshProblem = refresh.problem
        return refresh.next
    }

    private func readMessage() async throws {
        for number in state?.message?.numbers ?? [] {
            if let notice = try await registry.store.notice(number) { current.append(notice) }
        }
        if current.isEmpty { try await settle([], of: state?.message?.numbers ?? []) }
    }

    // MARK: Choosing

    private func choose(_ readiness: ChannelReadiness) async throws -> Step {
        guard var next = state else { return .again }
        let page = try await page(after: next.cursor)
        let (now, uptime) = (registry.now(), registry.uptime())
        var outcomes: [NoticeOutcome] = []
        var waiting: [StoredNotice] = []
        for notice in page where !settled.contains(notice.number) {
            if !settings.takes(notice.notice) {
                settled.insert(notice.number)
            } else if NoticeQueue.isExpired(notice, now: now) {
                settled.insert(notice.number)
                outcomes.append(outcome(.expired, of: notice.number, "it is too old"))
            } else {
                waiting.append(notice)
            }
        }
        recent = recent.filter { uptime - $0.value < .seconds(NoticeQueue.sameWithin) }
        var choice = NoticeQueue.next(
            waiting, recent: recent, now: uptime, isDigest: readiness == .digest,
            mostInDigest: channel.mostInDigest)
        var rest: Duration?
        if case .wait(let time) = readiness {
            rest = waiting.isEmpty ? nil : time
            choice = .nothing
        }
        next.cursor = passed(from: next.cursor, over: page)
        next.expired += outcomes.count
        if case .message(let numbers, let isDigest) = choice {
            next.message = .init(id: UUID().uuidString.lowercased(), numbers: numbers, isDigest: isDigest)
            current = waiting.filter { numbers.contains($0.number) }
        }
        if next.message != nil || !outcomes.isEmpty || next.cursor - storedCursor >= Self.cursorSlack {
            try await record(next, outcomes)
        }
        state = next
        settled = settled.filter { $0 > next.cursor }
        for outcome in outcomes {
            logger.error(
                "a notice has expired before it was delivered",
                metadata: ["notice": "\(outcome.number)", "expired so far": "\(next.expired)"])
        }
        if let rest { return .pause(rest) }
        switch choice {
        case .message: return .again
        case .wait(let until): return .idle(until - uptime)
        case .nothing: return page.count >= Self.page && waiting.isEmpty ? .again : .idle(nil)
        }
    }

    /// The next notices; those beyond the first page, which can only be in a digest, are without their texts.
    private func page(after cursor: Int) async throws -> [StoredNotice] {
        var page = try await registry.store.notices(after: cursor, limit: Self.page)
        while page.count < channel.mostInDigest, page.count.isMultiple(of: Self.page), let last = page.last {
            let more = try await registry.store.notices(after: last.number, limit: Self.page)
            guard !more.isEmpty else { break }
            page += more.map { notice in
                var notice = notice
                notice.notice.text = ""
                return notice
            }
        }
        return page
    }

    /// The last notice up to which all are settled.
    private func passed(from cursor: Int, over page: [StoredNotice]) -> Int {
        page.prefix { settled.contains($0.number) }.last?.number ?? cursor
    }

    private func outcome(
        _ state: NoticeResource.Delivery.State, of number: Int, _ problem: String? = nil
    ) -> NoticeOutcome {
        NoticeOutcome(
            channel: settings.name, number: number, state: state, time: Timestamp.text(registry.now()),
            problem: problem)
    }

    private func record(_ state: NoticeChannelState, _ outcomes: [NoticeOutcome]) async throws {
        var state = state
        state.memory = await channel.memory()
        try await registry.store.record(state, outcomes)
        if self.state != nil { self.state?.memory = state.memory }
        storedCursor = state.cursor
        if !outcomes.isEmpty { await registry.listChanges.noteChange(of: .notices) }
    }

    // MARK: Delivering

    private func attempt() async throws -> Step {
        guard let state, let message = state.message, !current.isEmpty else { return .again }
        if current.allSatisfy({ NoticeQueue.isExpired($0, now: registry.now()) }) {
            logger.error(
                "notices have expired before they were delivered", metadata: ["notices": "\(message.numbers.count)"])
            try await settle(
                message.numbers.map { outcome(.expired, of: $0, problem ?? "it is too old") }, of: message.numbers)
            return .again
        }
        if isSending { return .pause(Self.sendingPause) }
        let begun = registry.uptime()
        if isOut, outage.isResting(at: begun), let step = try await handOver(message) { return step }
        isSending = true
        let result = await channel.deliver(NoticeMessage(message, of: current, to: settings.name))
        isSending = false
        try Task.checkCancellation()
        switch result {
        case .delivered:
            outage.end()
            for notice in current { recent[NoticeQueue.Key(notice.notice)] = begun }
            if problem != nil { logger.notice("notices are delivered again") }
            (problem, failures) = (nil, 0)
            try await settle(message.numbers.map { outcome(.delivered, of: $0) }, of: message.numbers)
            return .again
        case .refused(let reason): return try await refuse(message, reason)
        case .later(let seconds, let reason):
            await fail("\(reason), and asks for \(seconds) s of patience")
            // The channel may remember that.
            try await record(state, [])
            return try await rest(message, .seconds(max(1, seconds)))
        case .again(let reason):
            await fail(reason)
            return .again
        case .unavailable(let reason):
            failures += 1
            await fail(reason)
            return try await rest(message, DeliveryPolicy.pause(after: failures, jitter: .random(in: 0...1)))
        }
    }

    // MARK: Another channel

    /// The pause until the other channel is asked again, and until a channel that rests is looked at.
    private static let fallbackPause = Duration.seconds(5)
    /// The pause while the channel sends for another.
    private static let sendingPause = Duration.milliseconds(200)

    /// Says who gets what cannot be delivered here.
    func setFallback(_ courier: ChannelCourier?) { fallback = courier }

    /// Whether another channel stands in.
    private var isOut: Bool {
        fallback != nil && outage.hasLasted(.seconds(settings.fallbackAfter), at: registry.uptime())
    }

    /// What is done after a failure: pause, or have another channel deliver the message.
    private func rest(_ message: NoticeChannelState.Message, _ pause: Duration) async throws -> Step {
        guard fallback != nil else { return .pause(pause) }
        outage.note(at: registry.uptime(), pause: pause)
        if isOut { return try await handOver(message) ?? .pause(min(pause, Self.fallbackPause)) }
        return .pause(min(pause, outage.left(of: .seconds(settings.fallbackAfter), at: registry.uptime())))
    }

    /// Has the other channel deliver the message. If it cannot either, both go on trying.
    private func handOver(_ message: NoticeChannelState.Message) async throws -> Step? {
        guard let fallback else { return nil }
        let result = await fallback.carry(NoticeMessage(message, of: current, to: fallback.settings.name))
        try Task.checkCancellation()
        guard result == .delivered else {
            logger.warning(
                "the other channel cannot deliver either",
                metadata: ["fallback": "\(fallback.settings.name)", "reason": "\(result.problem ?? "")"])
            return outage.isResting(at: registry.uptime()) ? .pause(Self.fallbackPause) : nil
        }
        let why = "by the channel \(fallback.settings.name): \(problem ?? "this one fails")"
        logger.notice("another channel has delivered a message", metadata: ["fallback": "\(fallback.settings.name)"])
        try await settle(message.numbers.map { outcome(.delivered, of: $0, why) }, of: message.numbers)
        return .again
    }

    /// Delivers a message of another channel that fails.
    private func carry(_ message: NoticeMessage) async -> DeliveryResult {
        guard !isSending else { return .unavailable("it is sending") }
        if case .wait = await channel.readiness() { return .unavailable("it has sent much") }
        guard !isSending else { return .unavailable("it is sending") }
        isSending = true
        defer { isSending = false }
        return await channel.deliver(message)
    }

    /// Notes what an attempt has met; says it where it is new.
    private func fail(_ reason: String) async {
        guard problem.map({ !$0.isExactly(reason) }) ?? true else { return }
        logger.warning("a notice cannot be delivered now", metadata: ["reason": "\(reason)"])
        problem = reason
        await registry.listChanges.noteChange(of: .notices)
    }

    private func refuse(_ message: NoticeChannelState.Message, _ reason: String) async throws -> Step {
        guard var next = state else { return .again }
        let refusals = message.refusals + 1
        guard refusals < DeliveryPolicy.mostRefusals else {
            if let step = try await handOver(message) { return step }
            logger.error(
                "a message was given up: its receiver refuses it",
                metadata: ["reason": "\(reason)", "notices": "\(message.numbers.prefix(20))"])
            problem = nil
            try await settle(message.numbers.map { outcome(.failed, of: $0, reason) }, of: message.numbers)
            return .again
        }
        next.message?.refusals = refusals
        try await record(next, [])
        state = next
        await fail(reason)
        return .pause(DeliveryPolicy.pause(after: refusals, jitter: .random(in: 0...1)))
    }

    /// Ends the message that was begun.
    private func settle(_ outcomes: [NoticeOutcome], of numbers: [Int]) async throws {
        guard var next = state else { return }
        next.message = nil
        next.delivered += outcomes.count { $0.state == .delivered }
        next.failed += outcomes.count { $0.state == .failed }
        next.expired += outcomes.count { $0.state == .expired }
        let done = settled.union(numbers)
        var cursor = next.cursor
        while done.contains(cursor + 1) { cursor += 1 }
        next.cursor = cursor
        try await record(next, outcomes)
        (state, settled, current) = (next, done.filter { $0 > cursor }, [])
    }
}
