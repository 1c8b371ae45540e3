import ArgumentParser
import Registry

struct MakeSecretsKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets-key",
        abstract: "Make a key file that secrets are encrypted with.",
        discussion: """
            The file is readable by who makes it alone; ADMIN refuses one that others can use. Name it by \
            secrets-key in the settings, and keep a copy apart from the backups of the registry: without it the \
            secrets are lost. A file that is there is not touched.
            """)

    @Argument(help: ArgumentHelp("Where to make it.", valueName: "file"), completion: .file())
    var file: String

    func run() throws { try SecretKey.make(file) }
}
