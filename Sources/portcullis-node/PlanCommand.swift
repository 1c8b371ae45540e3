import ArgumentParser
import CommandLineSupport
import NodeAgent
import ServiceSupport

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Print what the agent would do now; nothing is written.",
        discussion: """
            Asks ADMIN for the assignments, or reads them from a file (--assignments), or takes the last ones that the \
            agent has kept (--kept). The exit status is 2 when there are steps.
            """)

    @OptionGroup var settings: SettingsOptions

    @Option(help: ArgumentHelp("Assignments as ADMIN sends them (JSON).", valueName: "file"), completion: .file())
    var assignments: String?

    @Flag(help: "Take the assignments that the agent has kept.")
    var kept = false

    func run() async throws {
        let configuration = try settings.load()
        let plan = try NodePlan(try await stored(configuration), isAnswered: !kept, configuration)
        for problem in plan.problems { StandardError.write(problem) }
        guard !plan.lines.isEmpty else { return }
        try StandardOutput.write(plan.lines.joined(separator: "\n"))
        throw ExitCode(2)
    }

    private func stored(_ configuration: NodeConfiguration) async throws -> StoredAssignments {
        let directory = NodeDirectory(configuration.root)
        let known = try StoredAssignments.load(directory)
        if kept {
            guard let known else { throw CommandError("there are no assignments in \(directory.assignments) yet") }
            return known
        }
        if let assignments {
            guard let bytes = try Files.read(assignments, from: .stream) else {
                throw CommandError("there is no file \(assignments)")
            }
            let next = try NodePlan.assignments(reading: bytes, of: assignments, configuration)
            return known?.followed(by: next, tag: nil) ?? StoredAssignments(tag: nil, assignments: next)
        }
        let source = try AdminSource(configuration)
        defer { Task { await source.shutdown() } }
        guard let (next, tag) = try await source.poll(known: nil).news else {
            throw CommandError("ADMIN sent no assignments")
        }
        let checked = try next.checked(for: configuration.server)
        return known?.followed(by: checked, tag: tag) ?? StoredAssignments(tag: tag, assignments: checked)
    }
}
