import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

struct ApplyCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make the cloud match cloud files.",
        discussion: """
            ADMIN writes all of it in one transaction, or nothing. What the files do not name stays, unless --prune \
            is given. A service without a state in them keeps the state it has, so that a drain goes on.

            With --dry-run nothing is written; the exit code is 2 when there would be changes.
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A cloud file, or a directory of them; - reads standard input. May be repeated.",
            valueName: "cloud.yaml"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: [String]

    @Flag(help: "Delete what the cloud files do not name.")
    var prune = false

    @Option(
        help: ArgumentHelp(
            "The exact number of objects that --prune deletes; needed when that is more than half of the cloud, or of "
                + "one kind.",
            valueName: "number"))
    var yesDelete: Int?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if let yesDelete {
            guard prune else { throw ValidationError("--yes-delete needs --prune") }
            guard yesDelete >= 0 else { throw ValidationError("--yes-delete: \(yesDelete) is negative") }
        }
    }

    func run(_ client: AdminResources) async throws {
        let directory = try CloudDirectory(paths: file)
        for note in directory.notes { StandardError.write("Note: \(note).") }
        let request = AdminRequest.change(.post, .apply, dryRun: change.dryRun)
            .json(directory.request(prune: prune, yesDelete: yesDelete))
        try change.finish(try await client.value(request, places: directory.places))
    }
}
