import ArgumentParser
import Registry

struct MakeSecretsKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets-key",
        abstract: "Make the key file that secrets are encrypted with.",
        discussion: """
            Only the user who makes the file can read it; ADMIN refuses a file that others can read. Name it in the \
            setting secrets-key, and keep a copy apart from the backups of the registry: without the file the secrets \
            are lost. An existing file is not overwritten.
            """)

    @Argument(help: ArgumentHelp("Where to make it.", valueName: "file"), completion: .file())
    var file: String

    func run() throws { try SecretKey.make(file) }
}
