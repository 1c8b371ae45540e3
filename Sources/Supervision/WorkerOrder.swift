/// What is ordered of the workers of a service.
package enum WorkerOrder: Sendable, Equatable {
    /// The configuration is read anew, as the settings say.
    case reload
    /// All workers are started anew, one at a time.
    case restart
    /// One worker is started anew, by the rules of `restart`.
    case restartWorker(Int)
    /// A worker is kept for a debugger, and another takes its place; `nil`: the first that is ready.
    case dump(Int?)
}
