import ServiceSupport
import Text

/// A service as it should be: as long as its keeper lives and has written nothing new, the rest is looked at only now and
/// then.
struct Calm {
    private let keeper: KeeperRecord.ProcessIdentity
    private let state: Files.Identity
    private let workers: Files.Identity?
    private let since: Int

    /// Milliseconds after which everything is looked at.
    private static let longest = 10_000

    /// `nil`: the service does not run, or without a keeper.
    ///
    /// - Parameter workers: the file of its master; of a service without one, `nil` at all times.
    init?(
        _ situation: ServiceSituation, _ process: ServiceProcess, workers: Files.Identity?, at now: Int
    ) {
        guard case .alive(let live) = situation.process, live.isKept, let state = process.stateIdentity,
            let record = process.record, record.instance.isExactly(live.instance), let keeper = record.keeper
        else { return nil }
        self.keeper = keeper
        self.state = state
        self.workers = workers
        since = now
    }

    /// Whether nothing has happened since. Cost: five system calls.
    func holds(at now: Int, _ process: ServiceProcess, workers: Files.Identity?) -> Bool {
        now - since < Self.longest && process.stateIdentity == state && workers == self.workers
            && ProcessTable.lives(keeper)
    }
}
