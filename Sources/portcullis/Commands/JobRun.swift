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

    /// Makes a job of each service, one after the other, as long as they succeed. Programs get the job, or of several
    /// services a list. Throws if one does not succeed; before the first is made, if one would be refused.
    func run(_ wanted: JobCreation, of services: [String], _ change: ChangeOptions) async throws {
        if !change.dryRun, services.count > 1 { try await check(wanted, of: services) }
        var jobs: [JobResource] = []
        for service in services where jobs.allSatisfy({ options.noWait || $0.state == .succeeded }) {
            let made: CreatedJob = try await client.value(
                AdminRequest.change(.post, .jobs(of: service), dryRun: change.dryRun).json(wanted))
            guard let job = made.job else {
                try change.finish(made.report)
                continue
            }
            jobs.append(try await follow(job))
        }
        if !change.dryRun { try conclude(jobs, isList: services.count > 1) }
    }

    /// Throws if a job of one of the services would be refused now: there is no such service, or it cannot do that.
    func check(_ wanted: JobCreation, of services: [String]) async throws {
        for service in services {
            let _: CreatedJob = try await client.value(
                AdminRequest.change(.post, .jobs(of: service), dryRun: true).json(wanted))
        }
    }

    /// Follows jobs that were made, each of which waits for the one before. Programs get a list. Throws if one does not
    /// succeed.
    func run(_ made: [JobResource]) async throws {
        var jobs: [JobResource] = []
        for job in made {
            jobs.append(try await follow(job))
            if isText, !options.noWait { try check(jobs[jobs.count - 1]) }
        }
        try conclude(jobs, isList: true)
    }

    /// Waits for a job's end, unless it is not to be waited for.
    private func follow(_ job: JobResource) async throws -> JobResource {
        guard options.noWait else { return try await end(of: job) }
        if isText { try show(job) }
        return job
    }

    /// Shows programs what has become of jobs. Throws unless all have succeeded, where they were waited for.
    private func conclude(_ jobs: [JobResource], isList: Bool) throws {
        if !isText {
            if isList {
                try output.show(jobs, asText: "")
            } else {
                for job in jobs { try output.show(job, asText: "") }
            }
        }
        guard !options.noWait else { return }
        for job in jobs { try check(job) }
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
            let new = Self.new(in: output, after: shown)
            if showsOutput, !new.isEmpty { try StandardOutput.write(Array(String(new).printableLines.utf8)) }
            // A start of ADMIN or of the node has what is known of the output shorter for a while.
            if !new.isEmpty { shown = output }
            if now.state.isEnd { return now }
        }
    }

    /// What has come since: ADMIN keeps the end of the output only. Nothing, where the output is one that is older than
    /// what was shown: after a start of ADMIN or of the node there is less of it for a while.
    static func new(in output: String, after shown: String) -> Substring {
        if output.hasBytePrefix(shown) { return Substring(output.utf8.dropFirst(shown.utf8.count)) }
        // The beginning is gone: look for where what was shown ends.
        let (bytes, end) = (Array(output.utf8), Array(shown.utf8.suffix(1_024)))
        guard !end.isEmpty else { return output[...] }
        for start in stride(from: bytes.count - end.count, through: 0, by: -1)
        where bytes[start] == end[0] && bytes[start..<start + end.count].elementsEqual(end) {
            return Substring(output.utf8.dropFirst(start + end.count))
        }
        return isOlder(bytes, than: Array(shown.utf8)) ? "" : output[...]
    }

    /// Whether output is a beginning of what was shown, or ends within it. Cost: at most 1 KiB for each byte that was shown.
    private static func isOlder(_ output: [UInt8], than shown: [UInt8]) -> Bool {
        if shown.starts(with: output) { return true }
        let end = output.suffix(1_024)
        guard end.count == 1_024, let last = end.last else { return false }
        return shown.indices.dropFirst(end.count - 1).contains { index in
            shown[index] == last && shown[(index + 1 - end.count)...index].elementsEqual(end)
        }
    }
}

extension JobResource {
    /// What it is done for: `pgw.1`, `pgw 1.5.0/debug`.
    var subject: String {
        service
            ?? build.map { "\(VersionName(type: $0.type, name: $0.version, variant: $0.variant))" } ?? ""
    }
}
