import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

struct MarksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "marks", abstract: "List firewall marks, and release those of deleted sections.",
        subcommands: [ListMarks.self, ReleaseMarks.self], defaultSubcommand: ListMarks.self)
}

struct ListMarks: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List firewall marks: which gateway section holds each, and since when.")

    @OptionGroup var output: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let marks = try await client.marks()
        try output.show(marks, ResourceTables.marks(marks))
    }
}

struct ReleaseMarks: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Release the marks of deleted sections, so that others can get them.",
        discussion: """
            A deleted section keeps its mark, so that it has the same one when it comes back. Without an argument, the \
            marks of all deleted sections are released.
            """)

    @Argument(help: "The marks.")
    var marks: [Int] = []

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let marks = marks.isEmpty ? try await client.marks().filter { !$0.inUse }.map(\.mark) : marks
        let removal = ApplyRemoval(marks: Set(marks).sorted())
        try await finish(try await client.remove(removal, dryRun: change.dryRun), client)
    }
}
