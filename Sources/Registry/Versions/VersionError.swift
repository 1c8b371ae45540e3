import Glibc
import ServiceSupport
import Text
package import Versions

/// Why ADMIN does not do what it was asked to do with a version, a manifest or a content.
package enum VersionError: Error, Sendable, Hashable {
    case noVersion(VersionName)
    case noManifest(ContentDigest)
    /// A manifest that was altered on the disk.
    case alteredManifest(ContentDigest)
    /// A content that is not there; or was altered on the disk, so that it has been removed.
    case noBlob(ContentDigest, wasAltered: Bool)
    /// The name belongs to a version with this manifest.
    case taken(VersionName, ContentDigest)
    /// The directory has another version of the name, which the registry does not know.
    case unknownInRegistry(VersionName, ContentDigest)
    /// A manifest of another version than the one that was named.
    case otherName(VersionName, expected: VersionName)
    /// Contents are not there. Of so many, the first ones are named, each with a file that has it.
    case lacking(VersionName, [LackingFile], count: Int)
    /// Services have the version, or rollouts keep it: what keeps it, in words.
    case inUse(VersionName, services: [String], rollouts: [String])
    /// Bytes that are needed, and that are free beside those which must stay free.
    case noRoom(needed: Int, free: Int)
    /// The directory cannot be written: the disk is full.
    case full
    /// A piece of an upload that does not begin where the last one has ended.
    case otherOffset(received: Int)
    /// Another request sends the same content now.
    case busy(ContentDigest)
    /// Another upload of the same content has other sizes or another form.
    case otherForm(ContentDigest)
    /// So many uploads are at work.
    case tooManyUploads(Int)
    /// The piece has other bytes than it says.
    case pieceSize(Int, expected: Int)
    /// What came is not the content.
    case wrongContent(StoreError)

    /// A file whose content is not there.
    package struct LackingFile: Sendable, Hashable {
        package var path: String
        package var digest: ContentDigest
        /// Whether the content is there, but not compressed as the manifest says.
        package var isOfOtherForm: Bool
    }
}

extension VersionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noVersion(let version): "there is no version \(version)"
        case .noManifest(let digest): "there is no manifest \(digest.short)…"
        case .alteredManifest(let digest):
            "the manifest \(digest.short)… was altered on ADMIN's disk: push its version again"
        case .noBlob(let digest, let wasAltered):
            wasAltered
                ? "the content \(digest.short)… was altered on ADMIN's disk and removed: push a version that has it again"
                : "there is no content \(digest.short)…"
        case .taken(let version, let digest):
            "there is already a version \(version), with another content (\(digest.short)…), and a version never changes: "
                + "give this one another name, or remove that one"
        case .unknownInRegistry(let version, let digest):
            "the directory of versions has another \(version) (\(digest.short)…), of which the registry does not know, as "
                + "after a restored backup: push that one, and remove it if it is not needed; or give this one another name"
        case .otherName(let version, let expected): "the manifest is of \(version), and not of \(expected)"
        case .lacking(let version, _, let count):
            "the version \(version) is not added: \(count) \(count == 1 ? "content is" : "contents are") not here as the manifest "
                + "says; upload them first"
        case .inUse(let version, let services, let rollouts):
            "the version \(version) "
                + ([
                    services.isEmpty ? nil : "is that of \(Self.list(services))",
                    rollouts.isEmpty ? nil : "is kept by \(Self.list(rollouts))",
                ].compactMap(\.self).joined(separator: ", and "))
        case .noRoom(let needed, let free):
            "ADMIN's disk has no room: \(needed) bytes are needed, and \(max(0, free)) are free for versions"
        case .full: "ADMIN's disk is full; what was there before is as it was"
        case .otherOffset(let received): "the next piece begins at byte \(received)"
        case .busy(let digest): "another request sends the content \(digest.short)… now"
        case .otherForm(let digest):
            "another upload of the content \(digest.short)… has another size or another compressed form; delete that one, "
                + "or wait an hour"
        case .tooManyUploads(let count): "\(count) uploads are at work; try again in a moment"
        case .pieceSize(let count, let expected):
            "the piece has \(count < expected ? "" : "more than ")\(min(count, expected)) bytes, and \(expected) were announced"
        case .wrongContent(let error): "\(error); all of the upload was discarded"
        }
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
    }
}

extension VersionError.LackingFile: CustomStringConvertible {
    package var description: String {
        "\(path.printable): "
            + (isOfOtherForm
                ? "the content \(digest.short)… is here compressed otherwise, by another zstd: pull the version that has "
                    + "it into the store, and build again"
                : "the content \(digest.short)… is not here")
    }
}

extension FileError {
    /// Whether there was no room.
    var isOfFullDisk: Bool { [ENOSPC, EDQUOT].contains { reason.isExactly(Self.reason($0)) } }
}
