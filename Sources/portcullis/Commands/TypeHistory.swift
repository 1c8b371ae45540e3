import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Foundation

struct DiffType: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Print what changed in a type's meta-configuration between two revisions.",
        discussion: "The output is that of `diff -u`. Exit codes: 0 nothing changed, 2 something changed.")

    @Argument(help: "The service type.", completion: .names(.types), transform: NameArgument.read)
    var type: String

    @Option(help: "The older revision. (default: the one before the newer)")
    var from: Int?

    @Option(help: "The newer revision. (default: the newest)")
    var to: Int?

    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let revisions = try await client.revisions(of: type).map(\.revision)
        let newer = to ?? revisions.max() ?? 1
        guard let older = from ?? revisions.filter({ $0 < newer }).max() else {
            throw CommandError("revision \(newer) of \(type) is the first: there is none before it")
        }
        let before = try await client.type(type, revision: older)
        let after = try await client.type(type, revision: newer)
        let difference = LineDifference(before: before.source, after: after.source)
        guard !difference.isEmpty else { return try StandardOutput.write("no changes") }
        try StandardOutput.write(difference.text(header: (heading(before), heading(after))))
        throw ExitCode(2)
    }

    private func heading(_ type: TypeResource) -> String {
        "\(type.type).yaml revision \(type.revision), \(type.changedAt) by \(type.changedBy)"
    }
}

struct RevertType: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "revert", abstract: "Write an earlier revision of a type again, as the newest.")

    @Argument(help: "The service type.", completion: .names(.types), transform: NameArgument.read)
    var type: String

    @Option(help: "The revision to go back to. (default: the one before the newest)")
    var revision: Int?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let revisions = try await client.revisions(of: type).map(\.revision)
        guard let target = revision ?? revisions.dropFirst().first else {
            throw CommandError("\(type) has one revision: there is none to go back to")
        }
        let earlier = try await client.type(type, revision: target)
        var request = AdminRequest.change(.put, .type(type), dryRun: change.dryRun)
        request.body = .init(contentType: MediaType.yaml, bytes: Array(earlier.source.utf8))
        try await finish(try await client.value(request), client)
    }
}
