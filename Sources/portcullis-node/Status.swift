import ArgumentParser
import CommandLineSupport
import NodeAgent
import ServiceSupport
import Text

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the agent reports of this server.",
        discussion: """
            Reads the agent's last report from its directory. The exit status is 1 when a service is not as it is \
            assigned, or the agent does not run.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @OptionGroup var settings: SettingsOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("text or json.", valueName: "format"))
    var output = Output.text

    func run() throws {
        let configuration = try settings.load()
        let health = try NodeHealth(configuration)
        switch output {
        case .text: try StandardOutput.write(health.table)
        case .json: try StandardOutput.write(health.json)
        }
        if !health.isRunning { StandardError.write("portcullis-node does not run; this is its last report") }
        for problem in health.problems { StandardError.write(problem) }
        if health.verdict != .healthy { throw ExitCode.failure }
    }
}

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check whether this server is as it is assigned, for monitors.",
        discussion: """
            EXIT STATUS: 0 healthy; 3 degraded: services are as they are assigned, and ADMIN cannot be reached or a \
            file cannot be renewed; 4 waiting: there were no assignments yet; 5 a service is not as it is assigned; 7 \
            the agent does not run; 1 the check itself failed.
            """)

    @OptionGroup var settings: SettingsOptions

    func run() throws {
        let health = try NodeHealth(try settings.load())
        try StandardOutput.write(([health.verdict.rawValue] + health.problems).joined(separator: "\n"))
        if health.verdict != .healthy { throw ExitCode(health.verdict.exitStatus) }
    }
}
