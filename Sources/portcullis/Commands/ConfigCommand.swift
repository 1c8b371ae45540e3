import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Text

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print the combined configurations of services, and compare them.",
        subcommands: [ShowConfiguration.self, DiffConfigurations.self, ConfigurationUsageCommand.self])
}

struct ShowConfiguration: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print a service's configuration, or where each value of it comes from.",
        discussion: "A secret is shown by its name. Only the service itself gets the value, by its token.")

    @Argument(help: "The service, such as mdb.2.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @Flag(help: "Print the file, line and block that each value comes from, and what it overrode.")
    var explain = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        if explain {
            let explanation = try await client.explanation(of: service)
            try output.show(explanation, asText: ExplanationText.text(explanation))
        } else if output.output == .json {
            try StandardOutput.write(try await client.configurationJSON(of: service))
        } else if output.output == .name {
            throw ValidationError("--output name: a configuration has no name")
        } else {
            let bytes = try await client.configuration(of: service)
            let text = String(decoding: bytes, as: UTF8.self)
            // A file or a program gets the text unchanged.
            try StandardOutput.write(StandardOutput.isTerminal ? text.printableLines : text)
        }
    }
}

struct DiffConfigurations: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Print how services' configurations would change if type files were written.",
        discussion: "Nothing is written. Exit codes: 0 no configuration would change, 2 some would.")

    @Argument(
        help: ArgumentHelp("Type files (YAML), one type each.", valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var files: [String]

    @Flag(help: "Show all lines, however many.")
    var allRows = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let changes = try await client.putTypes(inFiles: files, dryRun: true).configurations
        let text = ChangeReportText(rowLimit: allRows ? nil : 40).configurations(changes)
        try output.show(changes, asText: text ?? "no changes")
        if !changes.isEmpty { throw ExitCode(2) }
    }
}
