import AdminAPI
import ArgumentParser
import CommandLineSupport
import ServiceSupport
import Text

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Get the registry as files.", subcommands: [GetCloud.self])
}

struct GetCloud: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloud",
        abstract: "Get the registry as a cloud file, which apply takes back.",
        discussion: """
            Prints one file with everything in it, the text of types included. With --directory, types have files of \
            their own.

            All of it is the registry at one moment. Not in it are the values of secrets, firewall marks, tokens, \
            earlier revisions of types, and events. A service in the state ready has no state in the file, so that \
            applying the file later does not undo a drain.
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write the file to a path instead of standard output.", valueName: "cloud.yaml"),
        completion: .file(extensions: ["yaml"]))
    var file: String?

    @Option(
        help: ArgumentHelp(
            "Write cloud.yaml and a file for each type below types/ to a directory, which is made if needed.",
            valueName: "directory"),
        completion: .directory)
    var directory: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    /// Whether the cloud is written as files for `apply`, which are YAML.
    private var isCloudFile: Bool { [.table, .wide, .yaml].contains(output.output) }

    func validate() throws {
        if output.output == .name { throw ValidationError("--output name: a cloud has no name") }
        guard file == nil || directory == nil else {
            throw ValidationError("--file and --directory exclude each other")
        }
        guard isCloudFile || file == nil && directory == nil else {
            throw ValidationError("--output json prints what ADMIN has sent; it excludes --file and --directory")
        }
        for path in [file, directory] where path?.isEmpty == true { throw ValidationError("a path is not empty") }
    }

    func run(_ client: AdminResources) async throws {
        let cloud = try await client.cloud()
        guard isCloudFile else { return try StandardOutput.write(try JSONText.text(cloud.json)) }
        let text = CloudFileText(cloud: cloud, secrets: try await client.secrets().map(\.name))
        if let directory { return try CloudFolder(directory).write(text) }
        do {
            try text.check([text.oneFile])
        } catch {
            throw CommandError("the registry cannot be written as one file: \(error)", hint: "Try --directory.")
        }
        if let file {
            try Files.replace(file, with: Array(text.oneFile.text.utf8), isDurable: false)
        } else {
            // A file or a program gets the text unchanged.
            try StandardOutput.write(
                StandardOutput.isTerminal ? text.oneFile.text.printableLines : text.oneFile.text)
        }
    }
}
