import ArgumentParser
import CommandLineSupport
import ServiceSupport

@main
struct Portcullis: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis",
        abstract: "The operator's command line for ADMIN.",
        discussion: """
            Exit codes: 0 done, 1 failed, 2 a dry run found changes, 64 wrong usage; of `upgrade` and `rollouts` also 3 to 6, \
            which `portcullis upgrade --help` lists.
            """,
        version: ProgramVersion.text,
        subcommands: [
            ApplyCommand.self, GetCommand.self, ExportCommand.self, ImportCommand.self, ServicesCommand.self,
            UpgradeCommand.self, RolloutsCommand.self,
            TypesCommand.self, VersionsCommand.self, KeysCommand.self,
            ConfigCommand.self, SecretsCommand.self, TokensCommand.self, ServersCommand.self, LocationsCommand.self,
            PoolsCommand.self, EgressCommand.self,
            MarksCommand.self,
            GatewaysCommand.self, NodesCommand.self, JobsCommand.self, CrashesCommand.self, NoticesCommand.self,
            EventsCommand.self, ContextCommand.self,
            VersionCommand.self,
        ])

    static func main() async { await Program.run(Self.self) }
}
