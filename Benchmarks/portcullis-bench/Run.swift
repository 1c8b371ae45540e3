import ArgumentParser
import Foundation
import GatewayDaemon
import GatewayTestSupport
import Logging
import ServiceSupport

/// The daemon on nftables alone, for a host whose kernel has no IPVS.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow an export as portcullis-gateway run does, but take IPVS commands for carried out.")

    @Option(help: "The gateway's configuration file.")
    var config: String

    @Option(help: ArgumentHelp("Any setting by its name.", valueName: "name=value"))
    var set: [String] = []

    func run() async throws {
        let configuration = try GatewayConfiguration.load(
            file: try SettingsFile.find(config, else: config), environment: ProcessInfo.processInfo.environment,
            flags: try set.map(ConfigurationKey.assignment), hostName: ProcessInfo.processInfo.hostName)
        let logger = Logger(label: "portcullis-bench") { _ in
            LineLogHandler(logLevel: configuration.logLevel, style: .terminal)
        }
        try await Gateway.follow(configuration, kernel: { try TableKernel() }, program: "bench", logger: logger)
    }
}
