import JSON
import Names

/// Body of `POST /v1/services/{service}/switch`: another instance of the type takes over its part.
public struct SwitchOver: Sendable, Hashable {
    /// The instance that takes over.
    public var to: String
    /// The action that the first instance does.
    public var demote: String
    /// The action that the other one does when that has succeeded.
    public var promote: String
    /// Seconds until the deadline of both; `nil`: an hour.
    public var seconds: Int?

    public init(to: String, demote: String = "demote", promote: String = "promote", seconds: Int? = nil) {
        self.to = to
        self.demote = demote
        self.promote = promote
        self.seconds = seconds
    }
}

/// Answer of it: what was changed, and both jobs in their order; with dry_run without them.
public struct CreatedJobs: Sendable, Hashable {
    public var jobs: [JobResource]
    public var report: ChangeReport

    public init(jobs: [JobResource], report: ChangeReport) {
        self.jobs = jobs
        self.report = report
    }
}

extension SwitchOver: Described {
    package static let form = Form<Self>.object(
        "SwitchOver", .required("to", .serviceName, \.to),
        .optional("demote", .name(.action), else: "demote", \.demote),
        .optional("promote", .name(.action), else: "promote", \.promote),
        .present(
            "for", .integer(Limits.jobSeconds).described("Seconds until the deadline; absent: an hour"), \.seconds)
    ) { SwitchOver(to: $0, demote: $1, promote: $2, seconds: $3) }
}

extension CreatedJobs: Described {
    package static let form = Form<Self>.object(
        "CreatedJobs", .required("jobs", .list(of: JobResource.form), \.jobs),
        .required("report", ChangeReport.form, \.report)
    ) { CreatedJobs(jobs: $0, report: $1) }
}
