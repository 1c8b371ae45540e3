import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport

struct RolloutsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollouts", abstract: "List, show and watch rollouts of versions, and give them orders.",
        discussion: "`portcullis upgrade` begins one.",
        subcommands: [
            ListRollouts.self, ShowRollout.self, WatchRollout.self, PauseRollout.self, ResumeRollout.self,
            AbortRollout.self, RevertRollout.self,
        ],
        defaultSubcommand: ListRollouts.self)
}

/// The states that a list can be asked for.
extension RolloutState: ExpressibleByArgument {}

struct ListRollouts: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the rollouts at work, and the newest that have ended.")

    @Option(help: "Only those of a service type.", completion: .names(.types))
    var type: String?

    @Option(help: "Only those in a state.")
    var state: RolloutState?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let query = list.query(
            [QueryParameter.type: type, QueryParameter.state: state?.rawValue], inTime: "number")
        try await list.show(
            Listing<RolloutResource>(
                request: AdminRequest(.get, .rollouts, query: query), name: { $0.id },
                table: { rollouts, _ in RolloutText.table(rollouts) }), client)
    }
}

/// The rollout that a command is about.
struct RolloutArgument: ParsableArguments {
    @Argument(help: "The rollout, by its number.", completion: .names(.rollouts), transform: NameArgument.read)
    var rollout: String
}

struct ShowRollout: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a rollout: the stage of each instance, and what it waits for.")

    @OptionGroup var argument: RolloutArgument
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let rollout: RolloutResource = try await client.value(AdminRequest(.get, .rollout(argument.rollout)))
        try output.show(rollout, asText: RolloutText.rollout(rollout))
    }
}

struct WatchRollout: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Watch a rollout until it ends or is paused.",
        discussion: RolloutOutcome.help)

    @OptionGroup var argument: RolloutArgument
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await RolloutWatch(client, output).run(argument.rollout, isKnown: false)
    }
}
