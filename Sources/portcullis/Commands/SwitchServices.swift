import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Names

struct SwitchServices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "switch", abstract: "Have another instance of a type take over from one.",
        discussion: """
            The first instance runs the action `demote`; only when that has succeeded, the other one runs `promote`. Both are \
            actions of the type. Their output is shown as it comes; `-o json` prints a list of both jobs at their end.

            Exit status: 0 both have succeeded, 1 one has not: the message says which.
            """)

    @OptionGroup var job: JobOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(
        help: "The service that has the part: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var from: String

    @Argument(
        help: "The service that takes over: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var to: String

    @Option(help: "The action of the first.", transform: NameArgument.read)
    var demote = "demote"

    @Option(help: "The action of the other.", transform: NameArgument.read)
    var promote = "promote"

    func validate() throws { try ServiceNames.check([from, to]) }

    func run(_ client: AdminResources) async throws {
        let made: CreatedJobs = try await client.value(
            AdminRequest.change(.post, .switchOver(from: from), dryRun: change.dryRun)
                .json(SwitchOver(to: to, demote: demote, promote: promote, seconds: job.seconds)))
        guard !made.jobs.isEmpty else { return try change.finish(made.report) }
        // The second is not begun before the first has succeeded.
        try await JobRun(client, job, change.output).run(made.jobs)
    }
}
