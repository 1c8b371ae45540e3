import ArgumentParser
import CommandLineSupport

struct VersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "Build, sign, verify, compare and unpack versions of services.",
        discussion: """
            A version is the files of a service type with a manifest, which names each of them by its SHA-256, and says \
            what is executed. It never changes. The versions are in a directory, a store.
            """,
        subcommands: [
            ListVersions.self, ShowVersion.self, BuildVersion.self, SignVersion.self, VerifyVersion.self,
            DiffVersions.self, UnpackVersion.self, RemoveVersions.self,
        ],
        defaultSubcommand: ListVersions.self)
}
