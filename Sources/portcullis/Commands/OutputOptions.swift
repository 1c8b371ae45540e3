import AdminAPI
import ArgumentParser
import CommandLineSupport

/// Tables for people, JSON for programs.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

/// Options of subcommands that show something.
struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "How results are printed.")
    var output = OutputFormat.table

    /// Prints the value as JSON, or the text made of it.
    func show(_ value: some Encodable, asText text: @autoclosure () -> String) throws {
        switch output {
        case .table: try StandardOutput.write(text())
        case .json: try StandardOutput.write(try JSONText.text(value))
        }
    }
}

/// Options of subcommands that change something.
struct ChangeOptions: ParsableArguments {
    @Flag(help: "Show what would change and store nothing; the exit code is 2 when something would.")
    var dryRun = false

    @Flag(help: "Show all changed rows of exports and lines of configurations, however many.")
    var allRows = false

    @OptionGroup var output: OutputOptions

    /// Shows what was done, or ends with exit code 2 after showing what would be.
    func finish(_ report: ChangeReport) throws {
        let renderer = ChangeReportText(rowLimit: allRows ? nil : 40, isDryRun: dryRun)
        try output.show(report, asText: renderer.text(report))
        if dryRun, !report.isEmpty { throw ExitCode(2) }
    }
}
