import ArgumentParser
import CommandLineSupport
import ServiceSupport

@main
struct PortcullisChecks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis-checks",
        abstract: "Probe the real servers of this gateway, and tell its daemon which of them are up.",
        discussion: """
            portcullis-gateway reads no byte of a real server: this program does, as a user of its own and without any \
            capability. It connects to the daemon's socket, checks.sock in its run directory, is told the targets and \
            their checks, and tells verdicts.

            EXIT STATUS: 0 done; 1 failed: of `probe`, the server is down; 3 of `probe`, this machine cannot make the \
            probe; 64 wrong usage.

            See `portcullis-checks help SUBCOMMAND` for each.
            """,
        version: ProgramVersion.text,
        subcommands: [Run.self, ProbeOnce.self])

    static func main() { Program.run(Self.self) }
}
