import ArgumentParser
import Dispatch
import Foundation
import NodeAgent
import ServiceSupport

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow the assignments until stopped (the agent).",
        discussion: """
            Starts from the last good assignments, so it works while ADMIN cannot be reached. SIGTERM and SIGINT end \
            it; services go on, and the next start finds them. Under systemd use Type=notify and KillMode=process. \
            Run as root, it gives each service a user of its own and, where systemd is process 1, a unit of its own.
            """)

    @OptionGroup var settings: SettingsOptions

    func run() async throws {
        let configuration = try settings.load()
        let logger = settings.makeLogger(configuration)
        let directory = NodeDirectory(configuration.root)
        try directory.prepare()
        let lock = try NodeLock(directory)
        let node = try Node(
            configuration, program: ProgramVersion.text, environment: ProcessInfo.processInfo.environment,
            logger: logger)
        let work = Task { await node.run() }
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { work.cancel() }
            source.activate()
            return source
        }
        await work.value
        withExtendedLifetime((lock, sources)) {}
    }
}
