import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

struct ApplyCommand: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make the cloud match cloud files.",
        discussion: """
            ADMIN writes all of it in one transaction, or nothing. What the files do not name stays, unless --prune \
            is given. A service without a state in them keeps the state it has, so that a drain goes on.

            With --dry-run nothing is written; the exit code is 2 when there would be changes. --save-plan keeps what \
            the dry run has shown in a file, and --plan applies exactly that, or nothing if the registry has changed \
            since.
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A cloud file, or a directory of them; - reads standard input. May be repeated.",
            valueName: "cloud.yaml"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: [String] = []

    @Option(
        help: ArgumentHelp("Apply a plan that --save-plan has saved, instead of cloud files.", valueName: "file"),
        completion: .file())
    var plan: String?

    @Option(
        help: ArgumentHelp("Save what the dry run shows as a plan for --plan.", valueName: "file"),
        completion: .file())
    var savePlan: String?

    @Flag(help: "Delete what the cloud files do not name.")
    var prune = false

    @Option(
        help: ArgumentHelp(
            "The exact number of objects that --prune deletes; needed when that is more than half of the cloud, or of "
                + "one kind.",
            valueName: "number"))
    var yesDelete: Int?

    @Flag(help: "Move services whose types keep data on their servers, and leave the data behind.")
    var withoutData = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    private var query: [(String, String)] { withoutData ? [(QueryParameter.withoutData, "true")] : [] }

    func validate() throws {
        switch plan {
        case nil where file.isEmpty: throw ValidationError("-f names a cloud file, --plan a saved plan; one is needed")
        case .some where !file.isEmpty: throw ValidationError("-f and --plan exclude each other")
        case .some where prune: throw ValidationError("a plan says itself whether it prunes; --prune needs -f")
        case .some where savePlan != nil: throw ValidationError("--plan and --save-plan exclude each other")
        default: break
        }
        if savePlan != nil, !change.dryRun { throw ValidationError("--save-plan needs --dry-run") }
        if let yesDelete {
            guard prune || plan != nil else { throw ValidationError("--yes-delete needs --prune") }
            guard yesDelete >= 0 else { throw ValidationError("--yes-delete: \(yesDelete) is negative") }
        }
    }

    func run(_ client: AdminResources) async throws {
        if let plan { return try await apply(try SavedPlan(readingFrom: plan), client) }
        let directory = try CloudDirectory(paths: file)
        for note in directory.notes { StandardError.write("Note: \(note).") }
        let wanted = directory.request(prune: prune, yesDelete: yesDelete)
        let request = AdminRequest.change(.post, .apply, dryRun: change.dryRun, query: query).json(wanted)
        let answer = try await client.send(request, places: directory.places)
        let report: ChangeReport = try client.value(of: answer, to: request)
        if let savePlan { try save(wanted, answer, to: savePlan) }
        try await finish(report, client, places: directory.places)
    }

    private func save(_ wanted: ApplyRequest, _ answer: AdminAnswer, to path: String) throws {
        guard let tag = answer.eTag else {
            throw CommandError(
                "ADMIN has not said for which state of the registry the plan is; nothing was saved",
                hint: "It is older than this command. Without a plan, apply works with it.")
        }
        try SavedPlan(registry: tag, apply: wanted).write(to: path)
        StandardError.write("The plan is in \(path); `portcullis apply --plan` applies it.")
    }

    private func apply(_ plan: SavedPlan, _ client: AdminResources) async throws {
        var wanted = plan.apply
        wanted.yesDelete = yesDelete ?? wanted.yesDelete
        var request = AdminRequest.change(.post, .apply, dryRun: change.dryRun, query: query).json(wanted)
        request.add(APIHeader.ifMatch, plan.registry)
        do {
            try await finish(try await client.value(request), client)
        } catch let error as CommandError where error.status == 412 {
            throw CommandError(
                "the registry has changed since the plan was saved; nothing was changed",
                hint: "Save the plan again and look at it; `portcullis events` shows what has changed.",
                status: error.status)
        }
    }
}
