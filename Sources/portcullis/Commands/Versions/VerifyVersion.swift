import ArgumentParser
import CommandLineSupport
import Foundation
import JSON
import ServiceSupport
import Text
import Versions

struct VerifyVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read all of a version and compare it with its manifest and its signatures.",
        discussion: """
            Fails if a byte is other than the manifest says. With --trusted, the manifest must be signed by one of the \
            keys; without it, signatures are not looked at. --tree compares what was unpacked, too.
            """)

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String

    @Argument(help: VersionArgument.help, completion: .versions)
    var version: VersionArgument

    @Option(
        help: ArgumentHelp("A directory into which the version was unpacked.", valueName: "directory"),
        completion: .directory)
    var tree: String?

    @OptionGroup var trust: TrustOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try store.open()
        let version = version.version(of: type)
        let found = try store.found(version)
        let (manifest, digest) = (found.manifest, found.digest)
        var faults = try ParallelWork.map(manifest.blobs) { blob -> String? in
            do {
                try store.blobs.check(blob)
                return nil
            } catch let error as StoreError {
                let path = manifest.files.first { $0.blob.digest == blob.digest }?.path ?? ""
                return "\(path.printable): \(error)"
            }
        }.compactMap(\.self)
        if let tree {
            faults += try ServiceFolder(opening: tree).check(manifest, digest).map { "\(tree.printable): \($0)" }
        }
        var signature = "signatures were not looked at (--trusted)"
        var code = "unchecked"
        if let keys = try trust.keys() {
            switch keys.judge(found.bytes, try store.signatures(digest), type: type, now: Date()) {
            case .trusted(let key):
                signature = "signed by \(key.title.printable) (\(key.key.id))"
                code = "trusted"
            case .refused(let refusal):
                faults.append("\(refusal)")
                code = refusal.code
            }
        }
        if output.output == .json || output.output == .yaml || faults.isEmpty {
            try output.show(
                json: [
                    "type": .string(type), "name": .string(version.name), "variant": .string(version.variant),
                    "digest": .string("\(digest)"), "signature": .string(code),
                    "faults": .array(faults.map { .string($0) }),
                ],
                asText: "\(VersionText.summary(manifest, digest)); \(signature)")
        }
        guard faults.isEmpty else {
            throw CommandError(
                "\(version) is not as it should be:\n\(faults.prefix(20).joined(separator: "\n"))"
                    + (faults.count > 20 ? "\n… and \(faults.count - 20) more" : ""))
        }
    }
}
