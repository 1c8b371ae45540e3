import ArgumentParser
import Foundation
import GatewayDaemon

struct Hold: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep the socket that owns our nftables table, for a daemon with table-owner: true.",
        discussion: """
            Only the owner can change, flush or delete table inet portcullis, and `nft flush ruleset` leaves it alone. \
            The kernel removes the table when the last process closes the owner's socket. This command keeps the \
            socket open and hands it to the daemon, so the table survives the daemon's restarts, crashes and upgrades. \
            Stop it only when the daemon is stopped, or is about to write its table again. Under systemd use \
            Type=notify. Needs CAP_NET_ADMIN and Linux 5.12.
            """)

    @OptionGroup var settings: SettingsOptions

    func run() throws {
        let configuration = try settings.load()
        _ = try StateDirectory(configuration.runDirectory)
        try TableHolder.serve(
            runDirectory: configuration.runDirectory, environment: ProcessInfo.processInfo.environment)
    }
}
