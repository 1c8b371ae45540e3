import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Names
import Text

/// A job for the master of a service, as the commands make it.
struct MasterJobRun {
    let client: AdminResources
    let job: JobOptions
    let change: ChangeOptions

    /// Makes a job of each service, one after the other, and waits for each. Throws if one does not succeed; before the
    /// first is made, if one would be refused.
    func run(
        _ kind: MasterJobKind, _ details: MasterJobDetails = MasterJobDetails(), of services: [String]
    ) async throws {
        if !change.dryRun, services.count > 1 {
            try await JobRun(client, job, change.output).check(
                JobCreation(kind: .master(kind), details: details, seconds: job.seconds), of: services)
        }
        for service in services { try await run(kind, details, of: service) }
    }

    /// Makes the job, and waits for its end. Throws if it does not succeed.
    func run(_ kind: MasterJobKind, _ details: MasterJobDetails = MasterJobDetails(), of service: String) async throws {
        if !change.dryRun { try await client.noteSilence(ofMaster: service) }
        try await JobRun(client, job, change.output).run(
            JobCreation(kind: .master(kind), details: details, seconds: job.seconds), of: [service], change)
    }
}

extension AdminResources {
    /// The link of a service's master; `nil`: ADMIN has heard nothing of it since it started.
    func link(of service: String) async throws -> LinkResource? {
        do {
            return try await value(AdminRequest(.get, .link(of: service)))
        } catch let error as CommandError where error.status == 404 {
            // Whether the service itself is missing, the next request tells.
            return nil
        }
    }

    /// Says it where a master will not do a job soon: the job waits for it until its deadline.
    func noteSilence(ofMaster service: String) async throws {
        let link = try await link(of: service)
        guard link?.state != .connected else { return }
        StandardError.write(
            link.map {
                "Note: the master of \(service) is \($0.state.rawValue), silent since \($0.silentSince ?? "an unknown time")."
            } ?? "Note: ADMIN has heard nothing of a master of \(service) since it started.")
    }
}

struct ReloadServices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have services read their configurations anew, one after the other, and wait for each.",
        discussion: """
            How a service does that, its type's `run: reload` says: by a signal, by new workers one at a time, or not at \
            all: then the command fails, and "restart --workers" is what helps. A configuration that has changed is \
            taken without this command. The first that fails ends it.
            """)

    @OptionGroup var services: ServiceNames
    @OptionGroup var job: JobOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await MasterJobRun(client: client, job: job, change: change).run(.reload, of: services.names)
    }
}

/// A service, and perhaps one of its workers.
struct ServiceWorker: ParsableArguments {
    @Argument(help: "The service: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @Option(help: "The worker: its number; by default the first that is ready.")
    var worker: Int?

    func validate() throws {
        try ServiceNames.check([service])
        try Self.check(worker)
    }

    static func check(_ worker: Int?) throws {
        guard let worker, !Limits.workers.contains(worker) else { return }
        throw ValidationError("--worker: \(worker) is not in 0-\(Limits.workers.upperBound)")
    }
}

struct DumpWorker: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "Have the memory of a worker dumped; another takes its place.",
        discussion: "\"portcullis crashes\" shows the report and fetches the dump.")

    @OptionGroup var target: ServiceWorker
    @OptionGroup var job: JobOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await MasterJobRun(client: client, job: job, change: change).run(
            .dump, MasterJobDetails(worker: target.worker), of: target.service)
    }
}

struct SetLogLevel: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level", abstract: "Set the level from which a service logs, also for its later starts.",
        discussion:
            "\"default\" is the level that its program has of its own; which of the levels it distinguishes, the program says."
    )

    @Argument(help: "The service: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @Argument(
        help: "The level, or default: \(ServiceLogLevel.list).",
        completion: .list(ServiceLogLevel.allCases.map(\.rawValue) + ["default"]))
    var level: String

    @OptionGroup var job: JobOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        try ServiceNames.check([service])
        guard level == "default" || ServiceLogLevel(rawValue: level) != nil else {
            throw ValidationError(
                "\(level.printed(atMost: 80)) is no level; the levels are \(ServiceLogLevel.list), and default")
        }
    }

    func run(_ client: AdminResources) async throws {
        try await MasterJobRun(client: client, job: job, change: change).run(
            .logLevel, MasterJobDetails(level: level == "default" ? nil : level), of: service)
    }
}
