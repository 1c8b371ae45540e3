import ArgumentParser
import Foundation
import GatewayDaemon

struct Hold: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep the socket that owns our nftables table, for a daemon with table-owner: true.",
        discussion: """
            With an owner, others cannot change, flush or delete table inet portcullis, and `nft flush ruleset` passes it by; \
            it goes when the last process closes the owner's socket. This command keeps the socket and hands it to the \
            daemon, so the table outlives the daemon's restarts, crashes and upgrades. Stop it only with the daemon stopped \
            or about to make its table anew. Under systemd use Type=notify. Needs CAP_NET_ADMIN and Linux 5.12.
            """)

    @OptionGroup var settings: SettingsOptions

    func run() throws {
        let configuration = try settings.load()
        _ = try StateDirectory(configuration.runDirectory)
        try TableHolder.serve(
            runDirectory: configuration.runDirectory, environment: ProcessInfo.processInfo.environment)
    }
}
