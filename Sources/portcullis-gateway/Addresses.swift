import ArgumentParser
import CommandLineSupport
import GatewayDaemon

struct Addresses: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the public addresses of the export in force.",
        discussion:
            "Reads the last good export from disk. With --local: only those on this machine, each with its interface."
    )

    @OptionGroup var settings: SettingsOptions

    @Flag(help: "Only those on this machine, each with its interface.")
    var local = false

    func run() throws {
        let configuration = try settings.load()
        if local {
            let lines = try configuration.localPublicAddresses().map { "\($0) \($1)" }
            try StandardOutput.write(lines.joined(separator: "\n"))
        } else {
            let lines = try configuration.publicAddresses().map { "\($0)" }
            try StandardOutput.write(lines.joined(separator: "\n"))
        }
    }
}
