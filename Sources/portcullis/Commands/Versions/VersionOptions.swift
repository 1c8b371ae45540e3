import ArgumentParser
import Cloud
import CommandLineSupport
import Foundation
import Text
import Versions

/// Where versions are.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The directory that has the versions.", valueName: "directory"), completion: .directory)
    var store: String

    func validate() throws {
        guard !store.isEmpty else { throw ValidationError("--store: a path is not empty") }
    }

    func open(making: Bool = false) throws -> VersionStore { try VersionStore(opening: store, making: making) }
}

/// A version of a type: `1.5.0`, or `1.5.0/debug`.
struct VersionArgument: ExpressibleByArgument {
    let name: String
    let variant: String

    init?(argument: String) {
        let parts = argument.splitBytes("/", maxSplits: 1).map(String.init)
        guard let name = parts.first, VersionName.problem(withName: name) == nil else { return nil }
        let variant = parts.count == 2 ? parts[1] : BuildSection.mainVariant
        guard VersionName.problem(withVariant: variant) == nil else { return nil }
        self.name = name
        self.variant = variant
    }

    func version(of type: String) -> VersionName { VersionName(type: type, name: name, variant: variant) }

    static let help = ArgumentHelp(
        "The version, with its variant unless it is \(BuildSection.mainVariant): 1.5.0, 1.5.0/debug.",
        valueName: "version")
}

/// An argument that names a type.
enum TypeArgument {
    static let help = ArgumentHelp("The service type.", valueName: "type")

    static func read(_ text: String) throws -> String {
        if let problem = VersionName.problem(withType: text) { throw ValidationError("\(text.printed()) \(problem)") }
        return text
    }
}

/// The keys whose signatures are taken.
struct TrustOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A public key whose signatures are taken. Again for each key.", valueName: "file"),
        completion: .file(extensions: ["pub"]))
    var trusted: [String] = []

    /// `nil`: none is named, so signatures are not looked at.
    func keys() throws -> TrustedKeys? {
        guard !trusted.isEmpty else { return nil }
        return TrustedKeys(
            try trusted.map { path in
                let file = try PublicKeyFile(ofEither: path)
                return TrustedKey(key: file.key, name: file.description.name, end: file.description.end)
            })
    }
}

/// A version with everything that names it.
struct FoundVersion {
    let version: VersionName
    let digest: ContentDigest
    /// The exact bytes of its manifest.
    let bytes: [UInt8]
    let manifest: Manifest
}

extension VersionStore {
    /// A version that must be there, and whose manifest must be of it: in a store, a manifest can be given another name.
    func found(_ version: VersionName) throws -> FoundVersion {
        let digest = try required(version)
        let bytes = try manifestBytes(digest)
        let manifest = try Manifest(reading: bytes)
        guard manifest.version == version else {
            throw CommandError("what the store calls \(version) is \(manifest.version), according to its manifest")
        }
        return FoundVersion(version: version, digest: digest, bytes: bytes, manifest: manifest)
    }

    /// A version that must be there.
    func required(_ version: VersionName) throws -> ContentDigest {
        if let digest = try digest(of: version) { return digest }
        let others = try entries().map(\.version).filter { $0.type.isExactly(version.type) }.suffix(5)
        throw CommandError(
            "there is no version \(version) in \(blobs.path.printable)",
            hint: others.isEmpty
                ? "It has no versions of \(version.type)."
                : "Of \(version.type) it has \(others.map { "\($0)" }.joined(separator: ", ")).")
    }
}

extension CompletionKind {
    /// The types that have versions, in the store that the command line names, or else all of ADMIN.
    static var typesOfVersions: CompletionKind {
        .custom { words, _, prefix in
            guard let versions = CompletedVersions.versions(words) else {
                return await CompletedName.types.completions(of: prefix, words)
            }
            return Set(versions.map { ExactText($0.type) }).sorted().map(\.wrappedValue)
                .filter { $0.hasBytePrefix(prefix) }
        }
    }

    /// The versions of the type that stands on the command line, in the store that it names, or else at ADMIN.
    static var versions: CompletionKind {
        .custom { words, _, prefix in
            guard let versions = CompletedVersions.versions(words) else {
                return await CompletedName.versions.completions(of: prefix, words)
            }
            return versions.filter { version in words.contains { $0.isExactly(version.type) } }
                .map { VersionArgument.text($0.name, $0.variant) }.filter { $0.hasBytePrefix(prefix) }
        }
    }
}

extension VersionArgument {
    /// A version as it stands on the command line.
    static func text(_ name: String, _ variant: String) -> String {
        variant.isExactly(BuildSection.mainVariant) ? name : "\(name)/\(variant)"
    }
}

/// Versions that a shell completes.
private enum CompletedVersions {
    /// The versions in the store that the command line names, none if it cannot be read; `nil`: it names no store.
    static func versions(_ words: [String]) -> [VersionName]? {
        guard let path = store(words) else { return nil }
        return (try? VersionStore(opening: path).entries().map(\.version)) ?? []
    }

    private static func store(_ words: [String]) -> String? {
        let option = "--store"
        for (index, word) in words.enumerated() {
            if word.isExactly(option), index + 1 < words.count { return words[index + 1] }
            if word.hasBytePrefix("\(option)=") { return String(Substring(word.utf8.dropFirst(option.utf8.count + 1))) }
        }
        return nil
    }
}
