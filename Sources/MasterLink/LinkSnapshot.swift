package import Supervision

/// What the master tells ADMIN of itself.
package struct LinkSnapshot: Sendable, Equatable {
    /// What has become of a configuration of ADMIN.
    package struct Configuration: Sendable, Equatable {
        /// Its ETag, quotation marks included.
        package let tag: String
        /// Wall-clock seconds.
        package let at: Int
        /// Why it is not in use; `nil`: it is.
        package let problem: String?

        package init(tag: String, at: Int, problem: String?) {
            self.tag = tag
            self.at = at
            self.problem = problem
        }
    }

    package var process: Int
    /// Wall-clock seconds.
    package var startedAt: Int
    package var phase: Supervisor.Phase
    package var workers: [WorkerSummary]
    /// The last configuration of which it is known whether it is in use.
    package var configuration: Configuration?
    /// The ETag of the configuration file.
    package var fileTag: String?
    package var jobs: MasterJobBook

    package init(
        process: Int, startedAt: Int, phase: Supervisor.Phase, workers: [WorkerSummary],
        configuration: Configuration? = nil, fileTag: String? = nil, jobs: MasterJobBook = MasterJobBook()
    ) {
        self.process = process
        self.startedAt = startedAt
        self.phase = phase
        self.workers = workers
        self.configuration = configuration
        self.fileTag = fileTag
        self.jobs = jobs
    }
}
