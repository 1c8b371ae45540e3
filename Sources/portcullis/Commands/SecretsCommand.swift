import AdminAPI
import ArgumentParser

struct SecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets",
        abstract: "Set, list and remove the secrets that configurations name by !secret.",
        discussion: "Values go in and do not come out: a service gets its own with its configuration, by its token.",
        subcommands: [ListSecrets.self, SetSecret.self, RemoveSecret.self], defaultSubcommand: ListSecrets.self)
}

struct ListSecrets: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the secrets: how often each was set, when last and by whom.")

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminClient) async throws {
        let secrets = try await client.secrets()
        try output.show(secrets, asText: ResourceTables.secrets(secrets).text)
    }
}

struct SetSecret: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set a secret to the content of a file; the services that use it are told.",
        discussion:
            "One line feed at the end is not part of the value. The value is never an argument, which others see.")

    @Argument(help: "The secret.")
    var name: String

    @Argument(
        help: ArgumentHelp("A file with the value; -: standard input.", valueName: "file"), completion: .file())
    var file: String = "-"

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminClient) async throws {
        var value = try LocalFile.text(file)
        if value.hasSuffix("\n") { value.removeLast() }
        let request = try AdminRequest.change(.put, ["v1", "secrets", name], dryRun: change.dryRun)
            .json(SecretChange(value: value))
        try change.finish(try await client.value(request))
    }
}

struct RemoveSecret: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Forget a secret that no type uses.")

    @Argument(help: "The secret.")
    var name: String

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminClient) async throws {
        let request = AdminRequest.change(.delete, ["v1", "secrets", name], dryRun: change.dryRun)
        try change.finish(try await client.value(request))
    }
}
