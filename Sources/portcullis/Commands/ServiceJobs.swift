import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Names

/// How a job is followed.
struct JobOptions: ParsableArguments {
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "When it is to have ended (\(TimeSpan.forms)); later it is not begun, and ended where it runs. (default: 1h; "
                + "shorter for a worker, a level and Lua)",
            valueName: "duration"))
    var text: String?

    @Flag(help: "Do not wait for its end.")
    var noWait = false

    var seconds: Int? { text.flatMap(TimeSpan.seconds) }

    func validate() throws {
        guard let text else { return }
        guard let seconds = TimeSpan.seconds(text), Limits.jobSeconds.contains(seconds) else {
            throw ValidationError("--for: \(text) is not a time up to a day, such as \(TimeSpan.forms)")
        }
    }
}

struct RestartServices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Restart service instances, one after the other, and wait for each.",
        discussion: """
            Gateways go on sending to them meanwhile. What has ended by itself is started at once, without the pause after its \
            failures. The first that fails ends it. With --worker or --workers, only \
            workers are replaced: the service's master stays, and the other workers serve meanwhile.
            """)

    @OptionGroup var services: ServiceNames

    @Option(help: "Replace only this worker: its number.")
    var worker: Int?

    @Flag(help: "Replace all workers, one at a time.")
    var workers = false

    @OptionGroup var job: JobOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        try ServiceWorker.check(worker)
        if worker != nil, workers { throw ValidationError("--worker and --workers exclude each other") }
    }

    func run(_ client: AdminResources) async throws {
        guard worker != nil || workers else {
            return try await JobRun(client, job, change.output).run(
                JobCreation(kind: .node(.restart), seconds: job.seconds), of: services.names, change)
        }
        let master = MasterJobRun(client: client, job: job, change: change)
        if let worker {
            try await master.run(.restartWorker, MasterJobDetails(worker: worker), of: services.names)
        } else {
            try await master.run(.restartWorkers, of: services.names)
        }
    }
}

struct TestServices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the tests of service instances on their servers, and wait for each.")

    @OptionGroup var services: ServiceNames
    @OptionGroup var job: JobOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await JobRun(client, job, change.output).run(
            JobCreation(kind: .node(.tests), seconds: job.seconds), of: services.names, change)
    }
}

struct RunAction: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run an action of a service instance, show its output, and wait for its end.",
        discussion: "Exit status: 0 the action has succeeded, 1 it has not, or nobody knows.")

    @OptionGroup var job: JobOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The service: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @Argument(help: "The action, as the type's `actions` has it.", transform: NameArgument.read)
    var action: String

    @Argument(help: "Its arguments.")
    var arguments: [String] = []

    func validate() throws { try ServiceNames.check([service]) }

    func run(_ client: AdminResources) async throws {
        try await JobRun(client, job, change.output).run(
            JobCreation(kind: .node(.action), name: action, arguments: arguments, seconds: job.seconds),
            of: [service], change)
    }
}
