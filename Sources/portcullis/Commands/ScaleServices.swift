import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Text

struct ScaleServices: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Give a service type a number of instances.",
        discussion: """
            More instances get the lowest free indexes, and the servers that `services add` without a server would \
            choose. If there are too many, those with the highest indexes are removed. Removing more than \(handful) needs \
            --yes; without it, the command shows what would go, and changes nothing.
            """)

    /// How many instances are removed without `--yes`.
    static let handful = CarefulChange.handful

    @Argument(help: "The service type.", completion: .names(.types), transform: NameArgument.read)
    var type: String

    @Argument(help: "The number of instances.")
    var count: Int

    @Option(
        help: "Count, add and remove only instances on servers of this location.", completion: .names(.locations),
        transform: NameArgument.read)
    var location: String?

    @Flag(help: ArgumentHelp("Remove more than \(handful) instances."))
    var yes = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard (0...Limits.applied).contains(count) else {
            throw ValidationError("\(count) is not in 0-\(Limits.applied)")
        }
    }

    func run(_ client: AdminResources) async throws {
        let careful = CarefulChange(options: change, isConfirmed: yes) { report in
            let removed = report.changes.count { $0.action == .delete }
            return removed > Self.handful ? "\(removed) services of \(type.printable) would be removed" : nil
        }
        let report = try await careful.report(client) { dryRun in
            AdminRequest.change(.post, .scale(of: type), dryRun: dryRun)
                .json(ServiceScale(count: count, location: location))
        }
        try await finish(report, client)
    }
}
