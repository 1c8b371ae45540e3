import AdminAPI
import AdminClient
import CommandLineSupport
import VersionTransfer
import Versions

/// Has a server build a version, shows the output as it comes, and tells how to go on.
struct BuilderRun {
    let client: AdminResources
    let job: JobOptions
    let output: OutputOptions

    /// Throws if the job does not succeed.
    ///
    /// - Parameter server: `nil`: ADMIN chooses.
    func run(_ version: VersionName, on server: String?) async throws {
        let made: CreatedJob = try await client.value(
            AdminRequest(.post, .builds(of: version.name, version.type), query: version.query)
                .json(BuildCreation(server: server, seconds: job.seconds)))
        guard let job = made.job else { throw CommandError("ADMIN has made the job, and not told which") }
        let run = JobRun(client, self.job, output)
        guard !self.job.noWait else { return try run.show(job) }
        try run.check(try await run.end(of: job))
        let built = try await client.serviceVersion(version)
        try output.show(built, asText: Self.text(version, built))
    }

    private static func text(_ version: VersionName, _ built: ServiceVersion) -> String {
        let words = "\(version.type) \(version.reference)"
        guard built.signedBy.isEmpty else { return "\(version) \(built.digest): it is at ADMIN, and signed" }
        return """
            \(version) \(built.digest)
            Nobody has signed it, so servers refuse it. Look at it, compare it with the version before, and sign it:
              portcullis versions show \(words)
              portcullis versions diff \(version.type) OLD \(version.reference)
              portcullis versions sign \(words) --digest \(built.digest) --key FILE
            """
    }
}
