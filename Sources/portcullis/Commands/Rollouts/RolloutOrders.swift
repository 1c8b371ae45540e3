import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Names

struct PauseRollout: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Have a rollout begin no further batch, until `resume`.",
        discussion: "Instances that are being changed are finished first.")

    @OptionGroup var argument: RolloutArgument
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let rollout = try await client.tell(.pause, argument.rollout)
        try output.show(rollout, asText: RolloutText.line(rollout))
    }
}

struct ResumeRollout: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Have a paused rollout go on, after canaries with the others; and watch it.",
        discussion: RolloutOutcome.help)

    @Option(
        name: .customLong("without-gateway"),
        help: ArgumentHelp(
            "Do not wait for this gateway any more, which is known to be off; may be repeated.", valueName: "gateway"),
        completion: .names(.gateways), transform: NameArgument.read)
    var without: [String] = []

    @OptionGroup var argument: RolloutArgument
    @OptionGroup var watching: WatchingOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await client.requireGateways(without)
        let rollout = try await client.tell(.resume, argument.rollout, RolloutOrdering(withoutGateways: without))
        // One that was paused while it went back goes on with that.
        try await watching.finish(rollout, goal: rollout.ending == .reverted ? .reverted : .finished, client)
    }
}

struct AbortRollout: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort", abstract: "End a rollout: what is being changed goes back, what is done stays; watch it.",
        discussion: """
            Of a rollout that has ended with instances that are stuck, it lets them go: they get requests as they are.

            \(RolloutOutcome.help)
            """)

    @OptionGroup var argument: RolloutArgument
    @OptionGroup var watching: WatchingOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let rollout = try await client.tell(.abort, argument.rollout)
        // One that had ended before has let go of what was stuck: there is nothing to watch.
        guard !rollout.state.isEnd || rollout.state == .aborted else {
            return try watching.output.show(rollout, asText: RolloutText.line(rollout))
        }
        try await watching.finish(rollout, goal: .aborted, client)
    }
}

struct RevertRollout: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "revert",
        abstract: "Take all instances of a rollout back to the versions that they had, also after its end; watch it.",
        discussion: """
            Instances that are not healthy go first; there are no canaries. One that is stuck is tried again.

            \(RolloutOutcome.help)
            """)

    @OptionGroup var argument: RolloutArgument
    @OptionGroup var watching: WatchingOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await watching.finish(try await client.tell(.revert, argument.rollout), goal: .reverted, client)
    }
}

/// Options of orders that are watched.
struct WatchingOptions: ParsableArguments {
    @Flag(help: "Give the order, and do not watch the rollout.")
    var noWait = false

    @OptionGroup var output: OutputOptions

    /// Watches a rollout to the end that was asked for, if that is wanted.
    func finish(_ rollout: RolloutResource, goal: RolloutState, _ client: AdminResources) async throws {
        guard !noWait else { return try output.show(rollout, asText: RolloutText.line(rollout)) }
        try await RolloutWatch(client, output).run(rollout.id, goal: goal)
    }
}

extension AdminResources {
    /// Gives an order.
    /// - Parameter body: what `resume` says besides.
    fileprivate func tell(
        _ order: RolloutOrder, _ rollout: String, _ body: RolloutOrdering? = nil
    ) async throws -> RolloutResource {
        let request = AdminRequest.change(.post, .order(order, to: rollout), dryRun: false)
        return try await value(body.map(request.json) ?? request)
    }
}
