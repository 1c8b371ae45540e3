import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Text

struct ScaleServices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Give a service type a number of instances.",
        discussion: """
            More instances get the lowest free indexes, and the servers that `services add` without a server would \
            choose. If there are too many, those with the highest indexes are removed. Removing more than \(handful) needs \
            --yes; without it, the command shows what would go, and changes nothing.
            """)

    /// How many instances are removed without `--yes`.
    static let handful = 5
    /// How often the command begins again because somebody else has changed the registry meanwhile.
    private static let attempts = 10

    @Argument(help: "The service type.", completion: .names(.types), transform: NameArgument.read)
    var type: String

    @Argument(help: "The number of instances.")
    var count: Int

    @Option(
        help: "Count, add and remove only instances on servers of this location.", transform: NameArgument.read)
    var location: String?

    @Flag(help: ArgumentHelp("Remove more than \(handful) instances."))
    var yes = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard (0...Limits.applied).contains(count) else {
            throw ValidationError("\(count) is not in 0-\(Limits.applied)")
        }
    }

    /// First as a dry run, then on the very registry that the dry run has seen, so that nothing else is removed than
    /// was counted.
    func run(_ client: AdminResources) async throws {
        for attempt in 1... {
            let dryRun = request(dryRun: true)
            let answer = try await client.send(dryRun)
            let report: ChangeReport = try client.value(of: answer, to: dryRun)
            if change.dryRun || report.isEmpty { return try change.finish(report) }
            let removed = report.changes.count { $0.action == .delete }
            guard yes || removed <= Self.handful else {
                try change.output.show(report, asText: ChangeReportText(isDryRun: true).text(report))
                throw CommandError(
                    "\(removed) services of \(type.printable) would be removed; nothing was changed",
                    hint: "If that is meant, say --yes.")
            }
            var request = request(dryRun: false)
            if let tag = answer.eTag { request.add(APIHeader.ifMatch, tag) }
            do {
                return try change.finish(try await client.value(request))
            } catch let error as CommandError where error.status == 412 && attempt < Self.attempts {
                continue
            }
        }
    }

    private func request(dryRun: Bool) -> AdminRequest {
        AdminRequest.change(.post, .scale(of: type), dryRun: dryRun)
            .json(ServiceScale(count: count, location: location))
    }
}
