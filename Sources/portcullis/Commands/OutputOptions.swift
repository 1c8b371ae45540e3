import AdminAPI
import ArgumentParser
import CommandLineSupport
import JSON

/// Tables for people, JSON for programs.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

/// Options of subcommands that show something.
struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "How results are printed.")
    var output = OutputFormat.table

    /// Prints the value as JSON, or the text made of it.
    func show(_ value: some Described, asText text: @autoclosure () -> String) throws {
        try show(json: value.json, asText: text())
    }

    /// Prints the JSON, or the text that says the same.
    func show(json: @autoclosure () -> JSONValue, asText text: @autoclosure () -> String) throws {
        switch output {
        case .table: try StandardOutput.write(text())
        case .json: try StandardOutput.write(try JSONText.text(json()))
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

    /// Shows what was changed; in a dry run, shows what would change, and ends with exit code 2 if something would.
    func finish(_ report: ChangeReport) throws {
        let renderer = ChangeReportText(rowLimit: allRows ? nil : 40, isDryRun: dryRun)
        try output.show(report, asText: renderer.text(report))
        if dryRun, !report.isEmpty { throw ExitCode(2) }
    }
}
