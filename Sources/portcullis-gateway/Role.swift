public import ArgumentParser
import CommandLineSupport
import Foundation
import GatewayDaemon

struct Role: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the part this gateway plays in its pair, or give it another.",
        discussion: """
            Without an argument: prints active or passive. With one: leaves the role in the run directory, where a running \
            daemon picks it up at once, and starts and stops the kernel's sync daemons accordingly, and sets the sysctls that these \
            need, whether the daemon runs or not (sync.interface in the configuration; needs CAP_NET_ADMIN). It holds until the next boot, and until `flush`; \
            then the configuration's `role` does. In a pair pacemaker gives the role: use its commands.
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
