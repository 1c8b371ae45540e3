import ArgumentParser
import CommandLineSupport
import Foundation
import GatewayDaemon

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the gateway is doing.",
        discussion: """
            Reads status.json in the run directory. The exit status is 1 when the kernel does not match the export, an \
            export is held back, a setting of this machine stops packets, or the daemon does not run.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @OptionGroup var settings: SettingsOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("text or json.", valueName: "format"))
    var output = Output.text

    func run() throws {
        let configuration = try settings.load()
        let now = ClockReading.now
        guard let (status, json) = try GatewayStatus.load(runDirectory: configuration.runDirectory, at: now) else {
            throw CommandError(
                "\(configuration.runDirectory)/status.json is not there: no portcullis-gateway has run here since the boot"
            )
        }
        switch output {
        case .text: try StandardOutput.write(status.text(now: now.boot))
        case .json: try StandardOutput.write(json)
        }
        let staleness = status.staleness(
            isRunning: configuration.isDaemonRunning, now: now.boot,
            patience: configuration.patience)
        if let staleness { StandardError.write("\(staleness)") }
        if staleness != nil || !status.isSynchronized || !status.settings.isEmpty { throw ExitCode.failure }
    }
}
