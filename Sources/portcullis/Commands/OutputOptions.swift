import AdminAPI
import ArgumentParser
import CommandLineSupport
import JSON

/// Tables for people, JSON and YAML for programs, names for scripts.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, name, json, yaml
}

/// Options of subcommands that show something.
struct OutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: "How results are printed; wide is a table with more columns, name the names alone, one a line.")
    var output = OutputFormat.table

    /// Prints the value as JSON, YAML or names, or the text made of it.
    func show(_ value: some Described, asText text: @autoclosure () throws -> String) throws {
        try show(json: value.json, asText: try text())
    }

    /// Prints the JSON, or the text that says the same.
    func show(json: @autoclosure () -> JSONValue, asText text: @autoclosure () throws -> String) throws {
        switch output {
        case .table, .wide: try StandardOutput.write(try text())
        case .name: try StandardOutput.write(try ResultNames.lines(json()))
        case .json: try StandardOutput.write(try JSONText.text(json()))
        case .yaml: try StandardOutput.write(YAMLText.text(json()))
        }
    }
}

/// Options of subcommands that show a table.
struct TableOptions: ParsableArguments {
    @OptionGroup var output: OutputOptions

    @Flag(help: "Print tables without their headings.")
    var noHeaders = false

    var isWide: Bool { output.output == .wide }

    /// Prints the rows as a table.
    ///
    /// - Parameter notes: what follows the table for people.
    func show(_ rows: some Described, _ table: Table, notes: String = "") throws {
        try output.show(rows, asText: text(table, notes: notes))
    }

    /// The table as it is printed, with what follows it.
    func text(_ table: Table, notes: String = "") -> String {
        let text = table.text(hasHeading: !noHeaders, isColored: StandardOutput.takesColors)
        return [text, notes].filter { !$0.isEmpty }.joined(separator: "\n\n")
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
    ///
    /// - Parameter places: where the parts of the request are in the operator's files.
    func finish(_ report: ChangeReport, places: SourceMap = SourceMap()) throws {
        let renderer = ChangeReportText(rowLimit: allRows ? nil : 40, isDryRun: dryRun, places: places)
        try output.show(report, asText: renderer.text(report))
        if dryRun, !report.isEmpty { throw ExitCode(2) }
    }
}
