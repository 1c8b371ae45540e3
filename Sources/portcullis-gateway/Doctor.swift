import ArgumentParser
import Foundation
import GatewayDaemon

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what stops packets on this machine, and what mends it.",
        discussion: """
            Looks at what Portcullis does not write: chains of other nftables tables, forwarding, reverse path filters, \
            routes to the real servers, connections that wait for an answer, MTUs of tunnels, kernel modules, connection \
            tracking, ports that the kernel gives out itself. Each finding comes with the command that mends it until \
            the next boot.

            It reads the last good export from the state directory, needs no daemon, writes nothing, and sends no packet. \
            Others' nftables take CAP_NET_ADMIN, tables of the older iptables root; what could not be seen is listed.

            EXIT STATUS: 0 nothing is amiss; 8 warnings: packets will be lost, or may be; 9 something stops packets now; \
            1 it cannot be told.
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
