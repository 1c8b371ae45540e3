/// The kinds of jobs that the master of a service does. Those of the server's node are `JobKind`.
public enum MasterJobKind: String, Sendable, Hashable, CaseIterable {
    /// The configuration is read anew, as the manifest's `reload` says.
    case reload
    /// The workers are replaced, one at a time.
    case restartWorkers = "restart-workers"
    /// One worker is replaced.
    case restartWorker = "restart-worker"
    /// A worker's memory is dumped, and the worker replaced.
    case dump
    /// The program logs from another level on.
    case logLevel = "log-level"
    /// A piece of Lua is run inside a worker.
    case lua

    /// Whether a job of this kind may name a worker.
    public var takesWorker: Bool { self == .restartWorker || self == .dump || self == .lua }

    /// Seconds until the deadline of a job for which none is given. What waits for workers to start takes long.
    public var patience: Int {
        switch self {
        case .reload, .restartWorkers: 3_600
        case .restartWorker, .dump: 600
        case .logLevel, .lua: 60
        }
    }
}
