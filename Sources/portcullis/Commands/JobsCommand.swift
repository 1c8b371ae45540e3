import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
import Text

struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "List and show what servers do once, or have done.",
        subcommands: [ListJobs.self, ShowJob.self], defaultSubcommand: ListJobs.self)
}

extension JobState: ExpressibleByArgument {}

struct ListJobs: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the jobs: those that have not ended, and the newest that have.")

    @Option(help: "Only those of a service.", completion: .names(.services))
    var service: String?

    @Option(help: "Only those of a server.", completion: .names(.servers))
    var server: String?

    @Option(help: "Only those in a state.")
    var state: JobState?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let query = list.query(
            [QueryParameter.service: service, QueryParameter.server: server, QueryParameter.state: state?.rawValue],
            inTime: "number")
        try await list.show(
            Listing<JobResource>(
                request: AdminRequest(.get, .jobs, query: query), name: { $0.id },
                table: { jobs, _ in ResourceTables.jobs(jobs) }), client)
    }
}

struct ShowJob: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a job, with the end of its output.")

    @Argument(help: "The job, as the list has it.", transform: NameArgument.read)
    var job: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let job: JobResource = try await client.value(AdminRequest(.get, .job(job)))
        try output.show(job, asText: NodesText.job(job))
    }
}
