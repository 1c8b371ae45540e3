import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Text

struct SecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets",
        abstract: "Set, list and remove the secrets that configurations refer to with !secret.",
        discussion: "No command prints a value. A service gets its own secrets with its configuration, by its token.",
        subcommands: [ListSecrets.self, SetSecret.self, SecretUsageCommand.self, RemoveSecret.self],
        defaultSubcommand: ListSecrets.self)
}

struct ListSecrets: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the secrets: how often each was set, and when and by whom it was set last."
    )

    @OptionGroup var output: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let secrets = try await client.secrets()
        try output.show(secrets, ResourceTables.secrets(secrets))
    }
}

struct SetSecret: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set a secret to the content of a file, and notify the services that use it.",
        discussion: """
            On a terminal it asks for the value, and does not show it. One line end (LF or CRLF) at the end of a text \
            is not part of the value; every other byte is. With --file all bytes are, whatever they are: a key, for \
            example, which configurations get as Base64 (!secret-base64). The value is never an argument, because \
            other users can see those.
            """)

    @Argument(help: "The secret.", transform: NameArgument.read)
    var name: String

    @Argument(
        help: ArgumentHelp("A file with a text; -: standard input.", valueName: "text"), completion: .file())
    var text: String = "-"

    @Option(help: "A file whose bytes are the value, all of them; -: standard input.", completion: .file())
    var file: String?

    func validate() throws {
        guard file == nil || text == "-" else { throw ValidationError("--file stands in place of \(text.printable)") }
    }

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.put, .secret(name), dryRun: change.dryRun).json(try wanted())
        try change.finish(try await client.value(request))
    }

    private func wanted() throws -> SecretChange {
        if let file { return SecretChange(bytes: try LocalFile.bytes(file, limit: Limits.secret)) }
        guard text == "-", SecretPrompt.isAtTerminal else {
            return SecretChange(value: Self.value(ofFile: try content()))
        }
        return SecretChange(value: try ask())
    }

    /// The text of the file.
    private func content() throws -> String {
        // With a line end of two bytes
        let bytes = try LocalFile.bytes(text, limit: Limits.secret + 2)
        guard let content = String(validating: bytes, as: UTF8.self) else {
            throw CommandError(
                "\(text == "-" ? "standard input" : text): the value is no UTF-8 text",
                hint: "--file sets a secret to any bytes.")
        }
        return content
    }

    private func ask() throws -> String {
        let value = try SecretPrompt.ask("Value of \(name.printable), which is not shown: ")
        guard try SecretPrompt.ask("Once more: ").isExactly(value) else {
            throw CommandError("the two values differ; nothing was changed")
        }
        return value
    }

    /// The content of a file without the line end that an editor adds.
    static func value(ofFile text: String) -> String {
        guard text.hasByteSuffix("\n") else { return text }
        return String(Substring(text.utf8.dropLast(text.hasByteSuffix("\r\n") ? 2 : 1)))
    }
}

struct SecretUsageCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Show which services use a secret, and the revision that each has fetched, since when.")

    @Argument(help: "The secret.", transform: NameArgument.read)
    var name: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let usage = try await client.usage(ofSecret: name)
        try output.show(usage, asText: ResourceTables.usage(usage).text)
    }
}

struct RemoveSecret: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a secret that no type uses.")

    @Argument(help: "The secret.", transform: NameArgument.read)
    var name: String

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.delete, .secret(name), dryRun: change.dryRun)
        try change.finish(try await client.value(request))
    }
}
