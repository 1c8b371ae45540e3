import Glibc
package import ServiceSupport
import Text

/// The folder of a service on a server: `versions/DIGEST/`, and `current` and `previous`, which lead to two of them.
///
/// A version's folder appears under its name when all of it is on the disk. Whatever interrupts that, the next attempt
/// begins anew with the objects that were made.
package struct ServiceFolder: Sendable {
    package let path: String
    let root: Directory
    let versions: Directory

    static let current = "current"
    static let previous = "previous"
    private static let versionsName = "versions"
    /// What precedes the digest while a version is made, or removed.
    static let unfinished = ".unfinished-"

    /// Opens the folder, and makes it and its parents first if they are not there.
    package init(making path: String) throws {
        try Folder.make(path)
        root = try Directory.open(path)
        versions = try root.directory(making: Self.versionsName)
        self.path = path
    }

    /// Opens a folder that is there.
    package init(opening path: String) throws {
        root = try Directory.open(path)
        guard let versions = try root.directory(Self.versionsName) else {
            throw TreeError.inTheWay(path, reason: "has no versions in it")
        }
        self.versions = versions
        self.path = path
    }

    /// The versions that are complete. Cost: the names are read.
    package func digests() throws -> [ContentDigest] {
        try versions.entries().compactMap { $0.name.flatMap { ContentDigest($0) } }
    }

    /// Whether a version is complete.
    package func has(_ digest: ContentDigest) throws(FileError) -> Bool { try versions.has("\(digest)") }

    /// The version that runs, or is to run; `nil` if there is none.
    package func current() throws -> ContentDigest? { try digest(of: Self.current) }

    /// The version before the current one; `nil` if there is none.
    package func previous() throws -> ContentDigest? { try digest(of: Self.previous) }

    private func digest(of link: String) throws -> ContentDigest? {
        guard let target = try root.target(link) else {
            guard try root.has(link) else { return nil }
            throw TreeError.inTheWay(root.path(link), reason: "is no link to a version")
        }
        let names = target.splitBytes("/")
        guard names.count == 2, names[0].isExactly(Self.versionsName), let digest = ContentDigest(names[1]) else {
            throw TreeError.inTheWay(root.path(link), reason: "is a link to \(target.printed()), which is no version")
        }
        return digest
    }

    /// Makes a version that is complete the current one. The one that was current becomes the previous one.
    ///
    /// Interrupted between two steps, it leaves the old current version, also as the previous one; the next call goes on.
    package func activate(_ digest: ContentDigest) throws {
        guard try has(digest) else { throw TreeError.absent(digest) }
        let current = try current()
        guard current != digest else { return }
        if let current { try setLink(Self.previous, to: current) }
        try setLink(Self.current, to: digest)
        try root.synchronize()
    }

    /// Replaces a link at one stroke.
    private func setLink(_ name: String, to digest: ContentDigest) throws {
        _ = try self.digest(of: name)
        let temporary = ".\(name).new"
        try root.remove(temporary)
        try root.link(to: "\(Self.versionsName)/\(digest)", as: temporary)
        try root.rename(temporary, to: name)
    }

    /// Removes a version that is neither current nor previous. Returns whether there was one.
    @discardableResult
    package func remove(_ digest: ContentDigest) throws -> Bool {
        for link in [Self.current, Self.previous] where try self.digest(of: link) == digest {
            throw TreeError.inUse(digest, link: link)
        }
        try removeUnfinished()
        guard try has(digest) else { return false }
        // Under its name it is always complete.
        try versions.rename("\(digest)", to: "\(Self.unfinished)\(digest)")
        return try versions.removeAll("\(Self.unfinished)\(digest)")
    }

    /// Removes what an interrupted attempt has left.
    package func removeUnfinished() throws {
        for name in try versions.entries().compactMap(\.name) where name.hasBytePrefix(Self.unfinished) {
            try versions.removeAll(name)
        }
        for name in [Self.current, Self.previous] { try root.remove(".\(name).new") }
    }
}
