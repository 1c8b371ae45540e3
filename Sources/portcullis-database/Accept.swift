import ArgumentParser
import DatabasePatches

struct Accept: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Accept the changed text of a patch that the database has.",
        discussion: """
            For a change that makes no difference to any database, such as that of a comment or of white space. Shows the \
            digests of the text that the history has and of the file, and who applied that text and when; then the history \
            has the file's digest, and `history` says who accepted it. Nothing of the file is carried out.

            A patch that is to do something else is not changed: put its text back, and write a new patch.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var files: FileOptions
    @OptionGroup var author: AuthorOptions

    @Argument(help: ArgumentHelp("The patch, by its number or file.", valueName: "patch"))
    var patch: String

    @Flag(help: "Show the digests, and change nothing.") var plan = false

    func run() throws {
        try Work(connection: connection, files: files, author: author, isPlan: plan).run {
            (standing, files) throws(PatchRefusal) in try PatchPlan.accept(standing, files, patch)
        }
    }
}
