import ArgumentParser
import Foundation
import GatewayDaemon
import Logging
import Netlink
import ServiceSupport
import Text

/// Flags of every subcommand.
struct SettingsOptions: ParsableArguments {
    private static let defaultFile = "/etc/portcullis/gateway.yaml"

    @Option(
        help: ArgumentHelp("The configuration file (\(Self.defaultFile)).", valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "ADMIN's address, https://admin.example:8443, or several with commas between them.", valueName: "url"))
    var adminURL: String?

    @Option(help: "The location whose export to follow.")
    var location: String?

    @Option(help: "The name this gateway reports itself by (the host's).")
    var name: String?

    @Option(help: ArgumentHelp("active or passive, until `role` sets another (active).", valueName: "role"))
    var role: String?

    @Option(help: ArgumentHelp("A file with the bearer token.", valueName: "file"), completion: .file())
    var tokenFile: String?

    @Option(
        help: ArgumentHelp("Certificates to trust instead of the system's (PEM).", valueName: "file"),
        completion: .file())
    var caFile: String?

    @Option(help: ArgumentHelp("Seconds between polls (3).", valueName: "seconds"))
    var interval: String?

    @Option(help: ArgumentHelp("Seconds ADMIN may hold an answer until something changes (0).", valueName: "seconds"))
    var wait: String?

    @Option(help: ArgumentHelp("Seconds an answer may take (10).", valueName: "seconds"))
    var timeout: String?

    @Option(
        help: ArgumentHelp("For what must survive a restart (/var/lib/portcullis).", valueName: "directory"),
        completion: .directory)
    var stateDirectory: String?

    @Option(
        help: ArgumentHelp("For lock and status (/run/portcullis).", valueName: "directory"), completion: .directory)
    var runDirectory: String?

    @Option(help: ArgumentHelp("The firewall marks that Portcullis may use (256-65535).", valueName: "first-last"))
    var marks: String?

    @Option(
        help: ArgumentHelp(
            "Seconds a server that left the export may keep its connections (600).", valueName: "seconds"))
    var drainTime: String?

    @Option(help: ArgumentHelp("Seconds between two looks at IPVS for others' changes (30).", valueName: "seconds"))
    var auditInterval: String?

    @Option(
        help: ArgumentHelp(
            "What to do with others' virtual services on our addresses: report or remove (report).", valueName: "policy"
        )
    )
    var foreignServices: String?

    @Option(
        help: ArgumentHelp(
            "The file for node_exporter's textfile collector (metrics.prom in the run directory).", valueName: "file"),
        completion: .file())
    var metricsFile: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical (info).", valueName: "level"))
    var logLevel: String?

    @Option(help: ArgumentHelp("Any setting by its name: guard.services-share=30.", valueName: "name=value"))
    var set: [String] = []

    /// Reads the configuration from file, environment and flags.
    func load() throws -> GatewayConfiguration {
        let flags: [(ConfigurationKey, String?)] = [
            (.adminURL, adminURL), (.location, location), (.name, name), (.tokenFile, tokenFile), (.caFile, caFile),
            (.interval, interval), (.wait, wait), (.timeout, timeout), (.stateDirectory, stateDirectory),
            (.runDirectory, runDirectory), (.marks, marks), (.drainTime, drainTime), (.auditInterval, auditInterval),
            (.foreignServices, foreignServices), (.metricsFile, metricsFile), (.role, role),
            (.logLevel, logLevel),
        ]
        return try GatewayConfiguration.load(
            file: try SettingsFile.find(config, else: Self.defaultFile),
            environment: ProcessInfo.processInfo.environment,
            flags: flags.compactMap { key, value in value.map { (key, $0) } },
            assignments: try set.map(ConfigurationKey.assignment),
            hostName: ProcessInfo.processInfo.hostName)
    }

    /// The log of the daemon.
    func makeLogger(_ configuration: GatewayConfiguration) -> Logger {
        .ofProgram(
            "portcullis-gateway", level: configuration.logLevel, environment: ProcessInfo.processInfo.environment)
    }
}
