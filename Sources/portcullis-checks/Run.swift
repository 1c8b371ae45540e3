import ArgumentParser
import CEvents
import Foundation
import Glibc
import HealthProber
import Logging
import ServiceSupport

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Probe what the gateway's daemon tells, until stopped.",
        discussion: """
            Connects to the daemon, and again whenever the connection is gone. Without the daemon it probes nothing. \
            SIGTERM and SIGINT end it. Under systemd use Type=notify, with WatchdogSec= if you like. Needs no \
            capability; `ping` needs net.ipv4.ping_group_range to have its group.
            """)

    @Option(
        help: ArgumentHelp(
            "The run directory of portcullis-gateway (\(ProberSettings.usualRunDirectory)).", valueName: "directory"),
        completion: .directory)
    var runDirectory = ProberSettings.usualRunDirectory

    @OptionGroup var trust: TrustOptions

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical (info).", valueName: "level"))
    var logLevel = "info"

    func validate() throws {
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("--log-level: \(logLevel) is not a level")
        }
    }

    func run() throws {
        let stop = ce_signals([SIGTERM, SIGINT], 2)
        guard stop >= 0 else { throw FileError(path: "signalfd", errno: errno) }
        // Else nobody could wait for the programs of checks.
        signal(SIGCHLD, SIG_DFL)
        Self.raiseDescriptorLimit()
        let environment = ProcessInfo.processInfo.environment
        let notifier = SystemdNotifier(environment: environment)
        let settings = ProberSettings(runDirectory: runDirectory, authorities: trust.caFile)
        let prober = try Prober(
            settings, stop: stop,
            logger: .ofProgram(
                "portcullis-checks", level: Logger.Level(rawValue: logLevel) ?? .info, environment: environment))
        notifier.ready()
        prober.run(everySecond: notifier.alive)
        notifier.stopping()
    }

    /// Each probe under way has a descriptor: takes as many as the system grants.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// The certificates that TLS checks trust.
struct TrustOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Certificates that checks with verify=full trust instead of the system's (PEM).", valueName: "file"),
        completion: .file())
    var caFile: String?
}
