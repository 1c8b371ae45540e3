import AdminAPI
import Cloud
import CommandLineSupport
import Foundation
import JSON
import Text
import Versions

/// Versions for people and programs.
enum VersionText {
    /// `pgw 1.5.0  0123456789ab…: 12 files, 34 MiB, compressed 10 MiB`
    static func summary(_ manifest: Manifest, _ digest: ContentDigest) -> String {
        let files = manifest.files.count + manifest.links.count
        return "\(manifest.version) \(digest): \(files) \(files == 1 ? "file" : "files"), "
            + "\(ByteCount.text(manifest.size)), compressed \(ByteCount.text(compressedSize(manifest)))"
    }

    private static func compressedSize(_ manifest: Manifest) -> Int {
        manifest.blobs.reduce(0) { $0 + $1.compressedSize }
    }

    /// A version without its files.
    static func json(_ manifest: Manifest, _ digest: ContentDigest, signatures: ManifestSignatures) -> JSONValue {
        let version = manifest.version
        return [
            "type": .string(version.type), "name": .string(version.name), "variant": .string(version.variant),
            "digest": .string("\(digest)"), "files": .integer(manifest.files.count),
            "links": .integer(manifest.links.count), "size": .integer(manifest.size),
            "compressedSize": .integer(compressedSize(manifest)),
            "signedBy": .array(signatures.signatures.map { .string($0.keyID) }),
        ]
    }

    /// Everything that a manifest says, for people.
    ///
    /// - Parameter kept: what ADMIN says of it; `nil`: it is in a store.
    static func details(
        _ manifest: Manifest, _ digest: ContentDigest, signatures: ManifestSignatures, kept: ServiceVersion? = nil
    ) -> String {
        let signers = signatures.signatures.map(\.keyID)
        var rows = [
            ["type", manifest.version.type], ["version", manifest.version.name], ["variant", manifest.version.variant],
            ["digest", "\(digest)"], ["signed by", signers.isEmpty ? "nobody" : signers.joined(separator: " ")],
            ["size", ByteCount.text(manifest.size)],
            ["compressed", ByteCount.text(compressedSize(manifest))],
        ]
        if let kept {
            rows.append(["mark", "\(kept.mark)" + (kept.reason.map { ": \($0)" } ?? "")])
            rows.append(["added", "\(kept.createdAt) by \(kept.createdBy)"])
            if let time = kept.markedAt { rows.append(["marked", "\(time) by \(kept.markedBy ?? "")"]) }
        }
        let json = manifest.json
        for section in ["user", "run", "listen", "tests", "actions", "install", "uninstall", "database", "limits"] {
            if let value = json[section] { rows.append([section, JSONText.line(value)]) }
        }
        let properties = Table(["", ""], rows).body(indent: "")
        var paths = manifest.files.map { file in
            [ExactText(file.path), "\(file.mode)", "\(file.blob.size)", "\(file.blob.digest.short)"].map { "\($0)" }
        }
        paths += manifest.links.map { ["\($0.path) -> \($0.target)", "link", "", ""] }
        guard !paths.isEmpty else { return properties }
        return properties + "\n\n"
            + Table(["PATH", "MODE", .init("SIZE", .right), "SHA-256"], paths).text
    }

    static func table(_ rows: [(manifest: Manifest, digest: ContentDigest, signatures: ManifestSignatures)]) -> Table {
        Table(
            ["TYPE", "VERSION", "VARIANT", .init("FILES", .right), .init("SIZE", .right), "SIGNED BY", "DIGEST"],
            rows.map { row in
                let version = row.manifest.version
                let signers = row.signatures.signatures.map(\.keyID)
                return [version.type, version.name, version.variant]
                    + ["\(row.manifest.files.count + row.manifest.links.count)", ByteCount.text(row.manifest.size)]
                    + [signers.isEmpty ? "nobody" : signers.joined(separator: " "), "\(row.digest.short)"]
            })
    }

    /// The versions of ADMIN.
    static func table(_ versions: [ServiceVersion]) -> Table {
        Table(
            [
                "TYPE", "VERSION", "VARIANT", "MARK", .init("FILES", .right), .init("SIZE", .right), "SIGNED BY",
                "ADDED", "DIGEST",
            ],
            versions.map { version in
                [version.type, version.name, version.variant, version.mark.rawValue, "\(version.files)"]
                    + [ByteCount.text(version.size)]
                    + [version.signedBy.isEmpty ? "nobody" : version.signedBy.joined(separator: " ")]
                    + [version.createdAt, String(version.digest.prefix(12))]
            })
    }

    // MARK: - Differences

    static func json(_ difference: VersionDifference) -> JSONValue {
        [
            "changes": .array(
                difference.changes.map { change in
                    var members: [JSONValue.Member] = [.init(name: "path", value: .string(change.path))]
                    if let before = change.before { members.append(.init(name: "before", value: json(before))) }
                    if let after = change.after { members.append(.init(name: "after", value: json(after))) }
                    return .object(members)
                }),
            "sections": .array(difference.sections.map { .string($0) }),
            "newCompressedBytes": .integer(difference.newBytes),
        ]
    }

    private static func json(_ content: VersionDifference.Content) -> JSONValue {
        switch content {
        case .file(let blob, let mode):
            ["size": .integer(blob.size), "mode": .string("\(mode)"), "sha256": .string("\(blob.digest)")]
        case .link(let target): ["target": .string(target.wrappedValue)]
        }
    }

    static func text(_ difference: VersionDifference) -> String {
        guard !difference.isEmpty else { return "no difference" }
        let table = Table(
            ["", "PATH", .init("BEFORE", .right), .init("AFTER", .right), ""],
            difference.changes.map { change in
                [sign(change), change.path, size(change.before), size(change.after), note(change)]
            })
        let counts = [("added", "+"), ("changed", "~"), ("removed", "-")].map { word, mark in
            "\(word) \(difference.changes.count { sign($0).isExactly(mark) })"
        }
        var parts: [String] = []
        if !difference.changes.isEmpty { parts.append(table.text) }
        if !difference.sections.isEmpty {
            parts.append("other in the manifest: \(difference.sections.joined(separator: ", "))")
        }
        parts.append("\(counts.joined(separator: ", ")); new content \(ByteCount.text(difference.newBytes)) compressed")
        return parts.joined(separator: "\n\n")
    }

    private static func sign(_ change: VersionDifference.Change) -> String {
        change.before == nil ? "+" : change.after == nil ? "-" : "~"
    }

    private static func size(_ content: VersionDifference.Content?) -> String {
        switch content {
        case nil: ""
        case .file(let blob, _): "\(blob.size)"
        case .link: "link"
        }
    }

    private static func note(_ change: VersionDifference.Change) -> String {
        switch (change.before, change.after) {
        case (.file(let before, let mode)?, .file(let after, let newMode)?):
            if mode == newMode { return "" }
            return (before.digest == after.digest ? "only the mode: " : "") + "\(mode) -> \(newMode)"
        case (_, .link(let target)?): return "-> \(target.wrappedValue)"
        default: return ""
        }
    }
}
