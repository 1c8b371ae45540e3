import ArgumentParser

/// For `make bench`.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis-bench", abstract: "Run parts of the gateway for measurements.",
        subcommands: [Apply.self, Run.self], defaultSubcommand: Apply.self)
}
