import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import JSON
import VersionTransfer
import Versions

struct RemoveVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove versions from ADMIN or a store.",
        discussion: """
            ADMIN refuses to remove a version that a service has, or that a rollout may go back to. The content that no other version has goes at once from \
            a store, and from ADMIN after a day (its setting keep-contents). Without a version, only content that nothing \
            needs any more is removed.
            """)

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String?

    @Argument(
        help: ArgumentHelp("The versions, as 1.5.0 or 1.5.0/debug.", valueName: "version"), completion: .versions)
    var versions: [VersionArgument] = []

    @OptionGroup var source: SourceOptions
    @OptionGroup var change: ChangeOptions

    func validate() throws {
        guard type == nil || !versions.isEmpty else { throw ValidationError("name the versions to remove") }
        guard source.store == nil || !change.dryRun else {
            throw ValidationError("--dry-run is for ADMIN's versions, not for a store's")
        }
    }

    func run() async throws {
        let names = versions.compactMap { version in type.map { version.version(of: $0) } }
        try await source.withSource { source in
            switch source {
            case .store(let store): try remove(names, from: store)
            case .admin(let client) where names.isEmpty: try await collect(client)
            case .admin(let client): try await remove(names, client)
            }
        }
    }

    private func remove(_ names: [VersionName], from store: VersionStore) throws {
        // All are there, or nothing is removed.
        for name in names { _ = try store.required(name) }
        for name in names { _ = try store.remove(name) }
        let collected = try store.collect()
        try show(names.map { "\($0)" }, blobs: collected.count, bytes: collected.bytes)
    }

    private func remove(_ names: [VersionName], _ client: AdminResources) async throws {
        var report = ChangeReport(changes: [], export: [])
        for name in names {
            let query = name.query + (change.dryRun ? [(QueryParameter.dryRun, "true")] : [])
            let removed: ChangeReport = try await client.value(
                AdminRequest(.delete, .version(name.name, of: name.type), query: query))
            report.changes += removed.changes
        }
        try change.finish(report)
    }

    private func collect(_ client: AdminResources) async throws {
        let collected: CollectionReport = try await client.value(
            AdminRequest.change(.post, .collection, dryRun: change.dryRun))
        try show([], blobs: collected.blobs, bytes: collected.bytes)
        if change.dryRun, collected.blobs > 0 { throw ExitCode(2) }
    }

    private func show(_ names: [String], blobs: Int, bytes: Int) throws {
        try change.output.show(
            json: ["versions": .array(names.map { .string($0) }), "blobs": .integer(blobs), "bytes": .integer(bytes)],
            asText: (names.map { "\($0): removed" }
                + [
                    "\(blobs) blobs, \(ByteCount.text(bytes)), are no longer needed and "
                        + (change.dryRun ? "would be removed" : "were removed")
                ]).joined(separator: "\n"))
    }
}
