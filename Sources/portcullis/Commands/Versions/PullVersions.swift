import ArgumentParser
import CommandLineSupport
import JSON
import Versions

struct PullVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Fetch versions from ADMIN into a store, with their signatures.",
        discussion: """
            Only the contents that the store lacks are fetched. All are compared with the manifest; whether its \
            signatures are right, `versions verify --trusted` finds out.
            """)

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String

    @Argument(
        help: ArgumentHelp("The versions, as 1.5.0 or 1.5.0/debug.", valueName: "version"), completion: .versions)
    var versions: [VersionArgument]

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let store = try store.open(making: true)
        try await connection.withClient { client in
            let pull = VersionPull(client: client, store: store)
            var (lines, objects): ([String], [JSONValue]) = ([], [])
            for argument in versions {
                let name = argument.version(of: type)
                let version = try await VersionSource.admin(client).version(name)
                let (blobs, bytes) = try await pull.pull(version)
                lines.append(
                    "\(name) \(version.digest.short): \(blobs == 1 ? "1 content" : "\(blobs) contents") fetched, "
                        + ByteCount.text(bytes))
                objects.append([
                    "type": .string(type), "name": .string(name.name), "variant": .string(name.variant),
                    "digest": .string("\(version.digest)"), "fetchedBlobs": .integer(blobs),
                    "fetchedBytes": .integer(bytes),
                ])
            }
            try output.show(json: .array(objects), asText: lines.joined(separator: "\n"))
        }
    }
}
