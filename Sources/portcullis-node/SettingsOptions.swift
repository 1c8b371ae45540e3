import ArgumentParser
import Foundation
import Logging
import NodeAgent
import ServiceSupport

/// Flags of every subcommand.
struct SettingsOptions: ParsableArguments {
    private static let defaultFile = "/etc/portcullis/node.yaml"

    @Option(
        help: ArgumentHelp("The configuration file (\(Self.defaultFile)).", valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "ADMIN's address, https://admin.example:8443, or several with commas between them.", valueName: "url"))
    var adminURL: String?

    @Option(help: "The server's name in ADMIN (the host's).")
    var server: String?

    @Option(help: ArgumentHelp("A file with the server's bearer token.", valueName: "file"), completion: .file())
    var tokenFile: String?

    @Option(
        help: ArgumentHelp("Certificates to trust instead of the system's (PEM).", valueName: "file"),
        completion: .file())
    var caFile: String?

    @Option(
        help: ArgumentHelp("The directory of the services (/srv/portcullis).", valueName: "directory"),
        completion: .directory)
    var root: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical (info).", valueName: "level"))
    var logLevel: String?

    @Option(help: ArgumentHelp("Any setting by its name: interval=5.", valueName: "name=value"))
    var set: [String] = []

    /// Reads the configuration from file, environment and flags.
    func load() throws -> NodeConfiguration {
        let flags: [(NodeSettingKey, String?)] = [
            (.adminURL, adminURL), (.server, server), (.tokenFile, tokenFile), (.caFile, caFile), (.root, root),
            (.logLevel, logLevel),
        ]
        return try NodeConfiguration.load(
            file: try SettingsFile.find(config, else: Self.defaultFile),
            environment: ProcessInfo.processInfo.environment,
            flags: flags.compactMap { key, value in value.map { (key, $0) } },
            assignments: try set.map(NodeSettingKey.assignment), hostName: ProcessInfo.processInfo.hostName)
    }

    /// The log of the agent.
    func makeLogger(_ configuration: NodeConfiguration) -> Logger {
        .ofProgram(
            "portcullis-node", level: configuration.logLevel, environment: ProcessInfo.processInfo.environment)
    }
}

/// Why a command cannot do its work on this host.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
