import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Names
import Text

struct ConfigurationUsageCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Show which services have fetched their present configuration with their own tokens, since when.")

    @Option(help: "Only services of this type.", transform: NameArgument.read)
    var type: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let usage = try await client.configurations().filter { one in
            type.map { ServiceName(one.service)?.type.isExactly($0) ?? false } ?? true
        }
        try output.show(usage, asText: ResourceTables.usage(usage).text)
    }
}
