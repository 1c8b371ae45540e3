import ArgumentParser
import CommandLineSupport

struct VersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "Build, sign, push, verify and compare versions of services.",
        discussion: """
            A version is the files of a service type with a manifest, which names each of them by its SHA-256, and says \
            what is executed. It never changes. Versions are built and signed in a directory, a store, and pushed to ADMIN. \
            Commands that read work on ADMIN, or on a store that --store names.
            """,
        subcommands: [
            ListVersions.self, ShowVersion.self, BuildVersion.self, SignVersion.self, VerifyVersion.self,
            DiffVersions.self, UnpackVersion.self, RemoveVersions.self, PushVersions.self, PullVersions.self,
            MarkVersion.self,
        ],
        defaultSubcommand: ListVersions.self)
}
