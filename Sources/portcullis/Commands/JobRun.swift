import AdminAPI
import AdminClient
import CommandLineSupport
import Text
import Versions

/// Makes a job, shows its output as it comes, and waits for its end.
struct JobRun {
    private let client: AdminResources
    private let options: JobOptions
    private let output: OutputOptions

    init(_ client: AdminResources, _ options: JobOptions, _ output: OutputOptions) {
        self.client = client
        self.options = options
        self.output = output
    }

    private var isText: Bool { output.output == .table || output.output == .wide }

    /// Throws if the job does not succeed.
    func run(_ wanted: JobCreation, of service: String, _ change: ChangeOptions) async throws {
        let made: CreatedJob = try await client.value(
            AdminRequest.change(.post, .jobs(of: service), dryRun: change.dryRun).json(wanted))
        guard let job = made.job else { return try change.finish(made.report) }
        try await follow(job)
    }

    /// Follows a job that was made. Throws if it does not succeed.
    func follow(_ job: JobResource) async throws {
        guard !options.noWait else { return try show(job) }
        let ended = try await end(of: job)
        if !isText { try output.show(ended, asText: "") }
        try check(ended)
    }

    /// Shows a job that was made, and is not waited for.
    func show(_ job: JobResource) throws { try output.show(job, asText: "job \(job.id) on \(job.server)") }

    /// Waits for a job's end. For people, shows its output as it comes.
    func end(of job: JobResource) async throws -> JobResource {
        if isText { StandardError.write("Job \(job.id) on \(job.server).") }
        return try await Self.end(of: job, client, showsOutput: isText)
    }

    /// Throws unless the job has succeeded.
    func check(_ ended: JobResource) throws {
        guard ended.state != .succeeded else { return }
        throw CommandError(
            "job \(ended.id) of \(ended.subject) "
                + (ended.state == .failed ? "has failed" : "has ended in a way that nobody knows")
                + (ended.problem.map { ": \($0.printable)" } ?? ""))
    }

    /// Waits for a job's end.
    ///
    /// - Parameter showsOutput: whether its output is shown as it comes.
    static func end(
        of job: JobResource, _ client: AdminResources, showsOutput: Bool = false
    ) async throws -> JobResource {
        var reading = HeldReading(request: AdminRequest(.get, .job(job.id)), hasAnswered: true)
        var shown = ""
        while true {
            guard let now = try await reading.next(client, as: JobResource.self) else { continue }
            let output = now.output ?? ""
            if showsOutput {
                let new = self.new(in: output, after: shown)
                if !new.isEmpty { try StandardOutput.write(Array(String(new).printableLines.utf8)) }
            }
            shown = output
            if now.state.isEnd { return now }
        }
    }

    /// What has come since: ADMIN keeps the end of the output only.
    static func new(in output: String, after shown: String) -> Substring {
        if output.hasBytePrefix(shown) { return Substring(output.utf8.dropFirst(shown.utf8.count)) }
        // The beginning is gone: look for where what was shown ends.
        let (bytes, end) = (Array(output.utf8), Array(shown.utf8.suffix(1_024)))
        guard !end.isEmpty, bytes.count >= end.count else { return output[...] }
        for start in stride(from: bytes.count - end.count, through: 0, by: -1)
        where bytes[start] == end[0] && bytes[start..<start + end.count].elementsEqual(end) {
            return Substring(output.utf8.dropFirst(start + end.count))
        }
        return output[...]
    }
}

extension JobResource {
    /// What it is done for: `pgw.1`, `pgw 1.5.0/debug`.
    var subject: String {
        service
            ?? build.map { "\(VersionName(type: $0.type, name: $0.version, variant: $0.variant))" } ?? ""
    }
}
