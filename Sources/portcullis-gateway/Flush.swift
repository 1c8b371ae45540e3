import ArgumentParser
import CommandLineSupport
import Foundation
import GatewayDaemon
import GatewaySync
import Netlink

struct Flush: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove what is ours, and nothing else, from the kernel, and print it.",
        discussion: """
            Removes table inet portcullis and the virtual services on its addresses and marks, at once and without a \
            drain. Ends the sync daemons where sync.interface is set, and forgets the role that `role` gave. Stop the \
            daemon first. Everything else in nftables and IPVS stays.
            """)

    @OptionGroup var settings: SettingsOptions

    func run() throws {
        let configuration = try settings.load()
        let lock = try configuration.lock(for: "flush")
        let store = try StateDirectory(configuration.stateDirectory)
        let (state, problem) = store.recoverState(at: .now)
        if let problem { StandardError.write("\(problem)") }
        let kernel = try NetlinkKernel(configuration.tableOwner())
        let synchronizer = Synchronizer(Reconciler(state, configuration), kernel: kernel)
        // The services of the last export are ours.
        if let digest = state.export, let bytes = try store.loadExport(digest) { try synchronizer.adopt(bytes) }
        let plan = try synchronizer.withdraw()
        let ended = configuration.sync.interface == nil ? [] : try kernel.arrange([])
        // The last good export stays, for a daemon that starts again while ADMIN cannot be reached.
        try store.save(StoredState(export: state.export), at: .now)
        GatewayStatus.remove(runDirectory: configuration.runDirectory)
        RoleFile(runDirectory: configuration.runDirectory).remove()
        let lines = plan.lines + ended
        try StandardOutput.write(lines.isEmpty ? "nothing of ours was there" : lines.joined(separator: "\n"))
        withExtendedLifetime(lock) {}
    }
}
