import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
import Names
import Rollouts
import Text

/// How a rollout goes on after its canaries.
extension RolloutPolicy.Canary.Promotion: ExpressibleByArgument {}

struct UpgradeCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade", abstract: "Give the instances of a type another version, batch by batch, and watch it.",
        discussion: """
            Each instance is drained, changed, tested and made ready again; one that fails goes back to the version that \
            it had, and ends the rollout. A downgrade is an upgrade to an older version. What is not said here, the \
            type's `upgrade` says. Ctrl-C ends the watching, not the rollout. Repeated, it watches the rollout that is at \
            work; when all instances run the version, there is nothing to do, and that is a success. Instances that \
            were given it before, and do not run it, are waited for. An instance with another variant than release keeps \
            it, where no variant is named and the version has that one.

            \(RolloutOutcome.help)
            """)

    @Argument(help: "The service type.", completion: .names(.types), transform: NameArgument.read)
    var type: String

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("The version: NAME, NAME/VARIANT or sha256:DIGEST.", valueName: "version"),
        completion: .names(.versions))
    var version: VersionReference

    @Option(
        name: .customLong("service"),
        help: ArgumentHelp("Only this instance; may be repeated. (default: all that run)", valueName: "service"),
        completion: .names(.services), transform: NameArgument.read)
    var services: [String] = []

    @Option(help: "Only instances of this location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String?

    @Option(help: ArgumentHelp("How many are changed at a time: 2, or 25%.", valueName: "number or percent"))
    var batch: String?

    @Option(help: ArgumentHelp("How many are changed before all others; 0: none.", valueName: "number"))
    var canary: Int?

    @Option(help: "Whether the others follow the canaries by themselves, or by `rollouts resume`.")
    var promote: RolloutPolicy.Canary.Promotion?

    @Option(
        help: ArgumentHelp(
            "How long an instance must be healthy before it is ready again: 30s.", valueName: "duration"),
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

    @Flag(help: "Begin the rollout, and do not watch it.")
    var noWait = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        try ServiceNames.check(services)
        if let batch, RolloutPolicy.BatchSize(batch) == nil {
            throw ValidationError("--batch: \(batch.printed()) is not \(RolloutPolicy.BatchSize.rule)")
        }
        if let canary, !(0...RolloutPolicy.canaries.upperBound).contains(canary) {
            throw ValidationError("--canary: \(canary) is not in 0-\(RolloutPolicy.canaries.upperBound)")
        }
    }

    func run(_ client: AdminResources) async throws {
        try await client.requireGateways(without)
        let wanted = RolloutCreation(
            type: type, version: version, services: services, location: location, batch: batch, canaries: canary,
            isPromotedByHand: promote.map { $0 == .manual }, bake: bake, deadline: deadline, withoutGateways: without)
        try await RolloutStart(client, change, noWait: noWait).run(
            AdminRequest.change(.post, .rollouts, dryRun: change.dryRun).json(wanted)
        ) { RolloutText.upToDate($0, of: type, services, at: location, version: "\(version)") }
    }

    /// Reads a duration within a range of seconds.
    static func duration(_ text: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let seconds = TimeSpan.seconds(text), range.contains(seconds) else {
            throw ValidationError(
                "\(text.printed()) is not a time from \(range.lowerBound) s to a day, such as 30s or 10m")
        }
        return seconds
    }
}
