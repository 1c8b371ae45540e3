public import ArgumentParser
import CommandLineSupport
import Foundation
import GatewayDaemon

struct Role: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show this gateway's role in its pair, or set it.",
        discussion: """
            Without an argument, prints active or passive. With one, writes the role to the run directory, where a \
            running daemon picks it up at once. It also starts and stops the kernel's sync daemons for the role and \
            sets the sysctls that they need, whether the daemon runs or not (sync.interface in the configuration; \
            needs CAP_NET_ADMIN). The role lasts until the next boot or `flush`; after that, the configuration's \
            `role` applies. In a pair pacemaker gives the role: use its commands.
            """)

    @OptionGroup var settings: SettingsOptions

    @Argument(help: "active or passive.")
    var given: GatewayRole?

    func run() throws {
        let configuration = try settings.load()
        guard let given else {
            try StandardOutput.write(try configuration.currentRole().rawValue)
            return
        }
        _ = try StateDirectory(configuration.runDirectory)
        try RoleFile(runDirectory: configuration.runDirectory).save(given)
        guard configuration.sync.interface != nil else { return }
        let kernel = try NetlinkKernel()
        // If the daemon is not running, it cannot set what the sync daemons need.
        let (steps, deviations) = try kernel.bringIntoLine(SettingRequirement.ofSyncDaemons(configuration))
        for deviation in deviations { StandardError.write("\(deviation)") }
        let changes = steps.map(\.description) + (try configuration.assumeRole(on: kernel).changes)
        try StandardOutput.write(changes.joined(separator: "\n"))
    }
}

extension GatewayRole: ExpressibleByArgument {}
