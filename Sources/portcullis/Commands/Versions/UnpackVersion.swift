import ArgumentParser
import CommandLineSupport
import Foundation
import JSON
import Text
import Versions

struct UnpackVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpack", abstract: "Make a version's files in a directory, as servers do it.",
        discussion: """
            Makes versions/DIGEST in the directory, and lets `current` lead there. The files are hard links into the \
            store where that is on the same file system. What is there already is only compared with --repair, which \
            makes it anew if it was altered.
            """)

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String

    @Argument(help: VersionArgument.help, completion: .versions)
    var version: VersionArgument

    @Option(
        name: .customLong("to"), help: ArgumentHelp("The directory of the service.", valueName: "directory"),
        completion: .directory)
    var target: String

    @Flag(help: "Compare a version that is there, and make it anew if it was altered.")
    var repair = false

    @OptionGroup var trust: TrustOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !target.isEmpty else { throw ValidationError("--to: a path is not empty") }
    }

    func run() async throws {
        let store = try store.open()
        let version = version.version(of: type)
        let found = try store.found(version)
        let (manifest, digest) = (found.manifest, found.digest)
        if let keys = try trust.keys(),
            case .refused(let refusal) = keys.judge(
                found.bytes, try store.signatures(digest), type: type, now: Date())
        {
            throw CommandError("\(version) is not unpacked: \(refusal)")
        }
        let folder = try ServiceFolder(making: target)
        let session = try StoreSession(store.blobs)
        defer { session.end() }
        var isMade = try folder.make(manifest, digest, session)
        if repair, !isMade, try !folder.check(manifest, digest).isEmpty {
            isMade = try folder.make(manifest, digest, session, replacing: true)
        }
        try folder.activate(digest)
        let path = "\(target)/versions/\(digest)"
        try output.show(
            json: ["path": .string(path), "made": .bool(isMade)],
            asText: "\(path.printable)\(isMade ? "" : " was there already")")
    }
}
