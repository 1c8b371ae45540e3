import Glibc
import Logging
import ServiceSupport
import Text

/// The tokens of services: each gets its own from ADMIN, once, and another when its master says that ADMIN refuses it.
///
/// A service gets it before its first start, so that its master can have the configuration first. If ADMIN does not answer it
/// starts without: its master's link to ADMIN begins when the file is there.
actor ServiceTokens {
    /// How long nothing is asked for a service after ADMIN was asked: whoever writes the master's note is not trusted.
    private static let pause = Duration.seconds(60)
    /// The same after a failure.
    private static let failurePause = Duration.seconds(10)
    private static let interval = Duration.seconds(1)

    private let source: AdminSource
    private let context: NodeContext
    /// Until when nothing is asked.
    private var restsUntil: [ExactText: ContinuousClock.Instant] = [:]
    private var problems: [ExactText: String] = [:]
    /// The requests under way.
    private var requests: [ExactText: Task<Void, Never>] = [:]

    init(_ source: AdminSource, _ context: NodeContext) {
        self.source = source
        self.context = context
    }

    /// Looks after the tokens until the task is cancelled.
    ///
    /// - Parameter assigned: the services that ADMIN wants here; called each time.
    func run(_ assigned: @Sendable () async -> [String]) async {
        while !Task.isCancelled {
            for service in await assigned() { await request(service)?.value }
            try? await Task.sleep(for: Self.interval)
        }
        for request in requests.values { request.cancel() }
    }

    /// Gets a service its token before it starts. Returns when it has it, when ADMIN gives none, or when the time is over.
    func get(_ service: String, within limit: Duration) async {
        let end = ContinuousClock.now + limit
        guard context.configuration.adminURL != nil, request(service) != nil else { return }
        while requests[ExactText(service)] != nil, .now < end, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The request for a token; `nil`: none is to be asked for now. Cost: three system calls, unless there is something to do.
    private func request(_ service: String) -> Task<Void, Never>? {
        let name = ExactText(service)
        // A second token would be the end of the first.
        if let request = requests[name] { return request }
        guard isWanted(service), restsUntil[name].map({ $0 <= .now }) ?? true else { return nil }
        let request = Task {
            await ask(service)
            requests[name] = nil
        }
        requests[name] = request
        return request
    }

    private func ask(_ service: String) async {
        let name = ExactText(service)
        do {
            let token = try await source.serviceToken(of: service)
            try await BlockingWork.run { [self] in try keep(token, service) }
            restsUntil[name] = .now + Self.pause
            problems[name] = nil
            context.logger.info("\(service) has a token of its own")
        } catch is CancellationError {
            return
        } catch {
            restsUntil[name] = .now + Self.failurePause
            guard problems[name] != "\(error)" else { return }
            problems[name] = "\(error)"
            context.logger.warning("\(service) gets no token: \(error)", metadata: ["event": "token-missing"])
        }
    }

    /// Whether a service that has a master here has no token, or one that is refused or another user's.
    private func isWanted(_ service: String) -> Bool {
        var (master, token) = (stat(), stat())
        guard stat(context.directory.master(of: service), &master) == 0 else { return false }
        guard stat(context.directory.token(of: service), &token) == 0, token.st_uid == master.st_uid else {
            return true
        }
        return access(context.directory.refusedToken(of: service), F_OK) == 0
    }

    private nonisolated func keep(_ token: String, _ service: String) throws {
        let path = context.directory.token(of: service)
        try Files.replace(path, with: Array("\(token)\n".utf8), isDurable: true, mode: 0o400)
        // It belongs to whom the node has given the master's directory.
        var master = stat()
        guard stat(context.directory.master(of: service), &master) == 0, chown(path, master.st_uid, master.st_gid) == 0
        else { throw FileError(path: path, errno: errno) }
        Files.remove(context.directory.refusedToken(of: service))
    }
}
