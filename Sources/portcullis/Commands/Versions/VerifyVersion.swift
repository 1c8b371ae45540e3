import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Foundation
import JSON
import ServiceSupport
import Text
import VersionTransfer
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
    @OptionGroup var source: SourceOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await source.withSource { source in try await verify(try await find(in: source), in: source) }
    }

    private func find(in source: VersionSource) async throws -> VersionSource.Version {
        try await source.version(version.version(of: type))
    }

    private func verify(_ found: VersionSource.Version, in source: VersionSource) async throws {
        let (version, manifest, digest) = (version.version(of: type), found.manifest, found.digest)
        var faults = try await contentFaults(manifest, in: source)
        if let tree {
            faults += try ServiceFolder(opening: tree).check(manifest, digest).map { "\(tree.printable): \($0)" }
        }
        var signature = "signatures were not looked at (--trusted)"
        var code = "unchecked"
        if let keys = try trust.keys() {
            switch keys.judge(found.bytes, found.signatures, type: type, now: Date()) {
            case .trusted(let key):
                signature = "signed by \(key.signature)"
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

    /// What is wrong with contents, each with a file that has it. ADMIN reads its own.
    private func contentFaults(_ manifest: Manifest, in source: VersionSource) async throws -> [String] {
        let path = { @Sendable (digest: String) in
            (manifest.files.first { $0.blob.digest.description.isExactly(digest) }?.path ?? "").printable
        }
        switch source {
        case .store(let store):
            return try ParallelWork.map(manifest.blobs) { blob -> String? in
                do {
                    try store.blobs.check(blob)
                    return nil
                } catch let error as StoreError {
                    return "\(path(blob.digest.description)): \(error)"
                }
            }.compactMap(\.self)
        case .admin(let client):
            let name = version.version(of: type)
            let found: VersionVerification = try await client.value(
                AdminRequest(.post, .verification(of: name.name, name.type), query: name.query))
            return found.faults.map { "\(path($0.digest)): \($0.detail)" }
        }
    }
}
