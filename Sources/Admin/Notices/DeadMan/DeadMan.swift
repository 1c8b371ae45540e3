import Foundation
public import Logging
public import Registry
public import ServiceLifecycle
import Text

/// Pings a URL each minute, after all of ADMIN's loops have come around and the registry has answered. Whoever is pinged
/// tells people when that ends: ADMIN cannot tell of its own death.
public actor DeadMan: Service {
    /// The key of the URL in the file.
    static let key = "dead-man-url"
    private static let interval = Duration.seconds(1)
    private static let retry = Duration.seconds(10)

    private let registry: Registry
    private let logger: Logger
    private let http = NoticeHTTP(authorities: nil)
    private var url: String?
    private var clock = DeadManClock()
    /// What was logged last.
    private var trouble: String?

    public init(_ url: String?, registry: Registry, logger: Logger) {
        self.url = url
        self.registry = registry
        self.logger = logger
    }

    /// Takes another URL, or none.
    public func reload(_ url: String?) { self.url = url }

    /// Works until the service group shuts down.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await self.look()
                try await Task.sleep(for: Self.interval)
            }
        }
        await http.shutdown()
    }

    private func look() async {
        guard let url else { return }
        switch clock.step(registry.loops.counts, now: registry.uptime()) {
        case .wait: return
        case .stuck(let loops):
            note("no ping: these of ADMIN's loops are stuck: \(loops.joined(separator: ", "))")
        case .ping:
            guard let problem = await problem(of: url) else {
                if trouble != nil { logger.notice("the dead man's switch is pinged again") }
                trouble = nil
                return
            }
            clock.retry(after: Self.retry, now: registry.uptime())
            note(problem)
        }
    }

    /// Why the ping has not arrived; `nil`: it has.
    private func problem(of url: String) async -> String? {
        do {
            _ = try await registry.store.noticeChannels()
        } catch {
            return "no ping: the registry does not answer: \(error)"
        }
        return switch await http.get(url) {
        case .answer(let status, _, _): (200..<300).contains(status) ? nil : "it answers \(status)"
        case .none(let reason): reason
        }
    }

    private func note(_ problem: String) {
        guard trouble.map({ !$0.isExactly(problem) }) ?? true else { return }
        trouble = problem
        logger.error("the dead man's switch is not pinged", metadata: ["reason": "\(problem)"])
    }
}
