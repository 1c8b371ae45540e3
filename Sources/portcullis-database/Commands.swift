import ArgumentParser
import DatabasePatches

struct Install: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a new database: the schema, then the patches that it does not have in it.",
        discussion: """
            The database exists and is empty; SQLite's file is made. If it is ended before its end, `patch` goes on.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var files: FileOptions
    @OptionGroup var author: AuthorOptions
    @Flag(help: "Say what would be done, and change nothing.") var plan = false

    func run() throws {
        try Work(connection: connection, files: files, author: author, isPlan: plan, isMade: true).run {
            (standing, files) throws(PatchRefusal) in try PatchPlan.install(standing, files)
        }
    }
}

struct Patch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply the patches that the database lacks, in the order of their numbers.",
        discussion: """
            One patcher works at a time; others wait (--lock-wait). All patches are looked through before the first is \
            applied. The first that fails ends it, and nothing of that one is left. Patched again, it goes on.

            Nothing is applied while a patch has changed since it was applied, one is missing, or one comes late, with a \
            lower number than the newest that the database has: the message says what to do.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var files: FileOptions
    @OptionGroup var author: AuthorOptions

    @Option(help: ArgumentHelp("The last patch to be applied, by its number or file (the newest).", valueName: "patch"))
    var to: String?

    @Flag(help: "Say what would be done, and change nothing.") var plan = false

    func run() throws {
        try Work(connection: connection, files: files, author: author, isPlan: plan).run {
            (standing, files) throws(PatchRefusal) in try PatchPlan.patch(standing, files, to: to)
        }
    }
}

struct Baseline: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say which patches a database has that was made without this program.",
        discussion: """
            Writes the history and changes nothing else. `check --deep` compares the database with what schema and patches \
            make, before or after.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var files: FileOptions
    @OptionGroup var author: AuthorOptions

    @Option(help: ArgumentHelp("The newest patch that the database has, by its number or file.", valueName: "patch"))
    var at: String

    @Flag(help: "Say what would be done, and change nothing.") var plan = false

    func run() throws {
        try Work(connection: connection, files: files, author: author, isPlan: plan).run {
            (standing, files) throws(PatchRefusal) in try PatchPlan.baseline(standing, files, at: at)
        }
    }
}
