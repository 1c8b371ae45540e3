import ArgumentParser
import Foundation
import GatewayDaemon

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find what stops packets on this machine, and say how to fix it.",
        discussion: """
            Looks at what Portcullis does not write: chains of other nftables tables, forwarding, reverse path \
            filters, routes to the real servers, connections that wait for an answer, MTUs of tunnels, kernel modules, \
            connection tracking, and the ports that the kernel gives to the host's own connections. Each finding says \
            how to fix it; a command fixes it until the next boot.

            It reads the last good export from the state directory. It needs no daemon, writes nothing and sends no \
            packet. It needs CAP_NET_ADMIN to see others' nftables, and root to see tables of the older iptables; what \
            it could not see is listed.

            EXIT STATUS: 0 nothing found; 8 warnings: packets will be lost, or may be; 9 something stops packets now; \
            1 doctor itself failed.
            """)

    @OptionGroup var settings: SettingsOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("text or json.", valueName: "format"))
    var output = Status.Output.text

    func run() throws {
        let report = try settings.load().examineHost()
        switch output {
        case .text: print(report.text)
        case .json: print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
        }
        if report.exitStatus != 0 { throw ExitCode(report.exitStatus) }
    }
}
