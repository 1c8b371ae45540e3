/// The kinds of jobs.
public enum JobKind: String, Sendable, Hashable, CaseIterable {
    /// The service is stopped and started.
    case restart
    /// The manifest's tests `from: node` are run.
    case tests
    /// An action of the manifest.
    case action
}

/// How a job ended.
public enum JobOutcome: String, Sendable, Hashable, CaseIterable {
    case succeeded
    case failed
    /// Nobody knows: the node was ended while it ran, or has not told by the deadline. It is not run again.
    case unknown
}
