import AdminAPI
import AdminClient
import ArgumentParser
import Cloud
import CommandLineSupport
import Names
import Rollouts
import Text

struct VariantOfService: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "variant",
        abstract: "Have one instance run another variant of the version that it has, and watch that.",
        discussion: """
            It is a rollout of this instance: it is drained, changed, tested and made ready again, and goes back by itself \
            if the variant fails. `release` takes it back to the main variant. Gateways send less to another variant: \
            `debug-weight` of their section. A later upgrade of the type keeps the variant where the new version has it.

            \(RolloutOutcome.help)
            """)

    @Argument(help: "The service: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @Argument(help: "The variant: debug, release.")
    var variant: String

    @Option(
        help: ArgumentHelp(
            "How long the instance must be healthy before it is ready again: 30s.", valueName: "duration"),
        transform: { try UpgradeCommand.duration($0, RolloutPolicy.bakes) })
    var bake: Int?

    @Option(
        help: ArgumentHelp("How long each wait may take: 10m.", valueName: "duration"),
        transform: { try UpgradeCommand.duration($0, RolloutPolicy.deadlines) })
    var deadline: Int?

    @Option(
        name: .customLong("without-gateway"),
        help: ArgumentHelp(
            "Do not wait for this gateway, which is known to be off; may be repeated.", valueName: "gateway"),
        completion: .names(.gateways), transform: NameArgument.read)
    var without: [String] = []

    @Flag(help: "Begin, and do not watch it.")
    var noWait = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        try ServiceNames.check([service])
        if let problem = VariantName.problem(with: variant) {
            throw ValidationError("\(variant.printed(atMost: 80)) is no name of a variant: it \(problem)")
        }
    }

    func run(_ client: AdminResources) async throws {
        try await client.requireGateways(without)
        let wanted = VariantChange(variant: variant, bake: bake, deadline: deadline, withoutGateways: without)
        try await RolloutStart(client, change, noWait: noWait).run(
            AdminRequest.change(.post, .variant(of: service), dryRun: change.dryRun).json(wanted)
        ) { _ in "nothing to do: \(service) runs the variant \(variant)" }
    }
}
