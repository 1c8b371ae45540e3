import ArgumentParser
import CommandLineSupport
import Foundation
import GatewayDaemon
import ServiceSupport

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow the export until stopped (the daemon).",
        discussion: """
            Polls ADMIN, applies what changed, drains servers that left, and writes status.json to the run directory. \
            It starts from the last good export, so it works while ADMIN cannot be reached. SIGTERM and SIGINT end it \
            and leave the kernel as it is. Under systemd use Type=notify, with WatchdogSec= if you like. Needs \
            CAP_NET_ADMIN.
            """)

    @OptionGroup var settings: SettingsOptions

    func run() async throws {
        let configuration = try settings.load()
        let logger = settings.makeLogger(configuration)
        let lock = try configuration.lock(for: "run")
        try await Gateway.follow(
            configuration, kernel: { try NetlinkKernel(configuration.tableOwner()) },
            program: ProgramVersion.text, logger: logger)
        withExtendedLifetime(lock) {}
    }
}

/// Locks that are held until the process ends.
struct Locks {
    let files: StateLock
    let kernel: WriterLock
}

extension GatewayConfiguration {
    /// Prevents other writers to our files and to the kernel.
    func lock(for purpose: String) throws -> Locks {
        _ = try StateDirectory(runDirectory)
        let locks = Locks(files: try StateLock(runDirectory + "/lock", purpose: purpose), kernel: try WriterLock())
        if let problem = locks.kernel.problem { FileHandle.standardError.write(Data("warning: \(problem)\n".utf8)) }
        return locks
    }
}
