import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
import VersionTransfer
import Versions

extension ServiceVersion.Mark: ExpressibleByArgument {}

struct MarkVersion: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "mark", abstract: "Say at ADMIN how good a version is: untested, good or quarantined.")

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String

    @Argument(help: VersionArgument.help, completion: .versions)
    var version: VersionArgument

    @Argument(help: "untested, good or quarantined.")
    var mark: ServiceVersion.Mark

    @Option(help: ArgumentHelp("Why. A version is quarantined for a reason.", valueName: "text"))
    var reason: String?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard mark != .quarantined || !(reason ?? "").isEmpty else {
            throw ValidationError("--reason is missing: why the version is quarantined")
        }
    }

    func run(_ client: AdminResources) async throws {
        let name = version.version(of: type)
        let query = name.query + (change.dryRun ? [(QueryParameter.dryRun, "true")] : [])
        let request = AdminRequest(.put, .mark(of: name.name, name.type), query: query)
            .json(VersionMarkChange(mark: mark, reason: reason))
        try change.finish(try await client.value(request))
    }
}
