import Admin
import Foundation
package import Registry
import ServiceSupport
import Text

extension Registry {
    /// Opens the registry. If there is none, creates it with its folder, accessible only to its owner, since it
    /// contains token hashes.
    ///
    /// SQLite begins with an empty file. While the registry is being created, a file beside it marks that the empty
    /// file is no registry that has lost its content. If the program is killed in between, the next start continues.
    package static func openOrMake(_ path: String) throws -> Registry {
        try makeFolder(of: path)
        let mark = Self.mark(of: path)
        if try isNew(path), !FileManager.default.createFile(atPath: mark, contents: nil) {
            throw SettingsError("the database \(FileError(path: mark, reason: "cannot be made"))")
        }
        let registry = try Registry(path: path)
        unlink(mark)
        return registry
    }

    /// The path of the file that exists while a registry is being created.
    private static func mark(of path: String) -> String { path + ".making" }

    /// Creates the folder of a registry if it does not exist.
    ///
    /// Throws if there is a registry at the former default path and none at the present one: an empty one would
    /// replace it.
    ///
    /// - Parameters:
    ///   - standard: the default path.
    ///   - former: the former default path.
    static func makeFolder(
        of path: String, standard: String = AdminSettings.defaultDatabase,
        former: String = AdminSettings.formerDatabase
    ) throws {
        umask(0o077)
        let files = FileManager.default
        if path.isExactly(standard), !files.fileExists(atPath: path),
            files.fileExists(atPath: former)
        {
            throw SettingsError(
                """
                there is a registry at \(former), where the default was, and none at \(path), where it is now: \
                stop ADMIN and move \(former) with its -wal and -shm there, or set "database: \(former)"
                """)
        }
        do {
            try Folder.make(Folder.parent(of: path))
        } catch {
            throw SettingsError("the database's folder \(error)")
        }
    }

    /// Whether there is no registry at `path`, or only the beginning of one.
    static func isNew(_ path: String) throws -> Bool {
        try refuseOtherKinds(path)
        return size(of: path) ?? 0 == 0
    }

    private static func size(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Opens an existing registry. Throws if there is none, since the path is probably mistyped, and if root opens the
    /// registry of another user.
    static func open(_ path: String) throws -> Registry {
        try refuseMissing(path)
        try refuseOtherKinds(path)
        return try Registry(path: path)
    }

    /// Throws if there is no registry, and if root would open that of another user.
    static func refuseMissing(_ path: String) throws {
        try refuseRootForOthers(path)
        guard FileManager.default.fileExists(atPath: path) else {
            throw SettingsError("there is no registry \(path); `portcullis-admin serve` and `token add` make one")
        }
    }

    /// Throws in three cases. The registry, or a file that SQLite keeps beside it, is no regular file but a FIFO, a
    /// device or a directory. The registry is an empty file that nobody was creating, which SQLite would take for a
    /// new database. The registry has a second name, since SQLite finds the write-ahead log by the name.
    static func refuseOtherKinds(_ path: String) throws {
        for file in [path, path + "-wal", path + "-shm", path + "-journal", path + ".lock"] {
            guard let kind = FileKind(of: file), kind != .regularFile else { continue }
            throw SettingsError("the database \(FileError(path: file, reason: InputFileError.kind(kind).reason))")
        }
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        guard status.st_size > 0 || access(mark(of: path), F_OK) == 0 else {
            throw SettingsError(
                "the database \(path) is an empty file, not a registry; remove it if a new registry is to be made there"
            )
        }
        guard status.st_nlink == 1 else {
            throw SettingsError(
                """
                the database \(path) has \(status.st_nlink) names (hard links): SQLite keeps what is written last beside \
                the name, and would damage the file when it is opened by another one; remove all names but one
                """)
        }
    }

    /// Throws if root would leave files beside the registry that its owner cannot open.
    static func refuseRootForOthers(_ path: String) throws {
        guard geteuid() == 0 else { return }
        var status = stat()
        guard stat(path, &status) == 0 || stat(Folder.parent(of: path), &status) == 0, status.st_uid != 0 else {
            return
        }
        let user = getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) } ?? "#\(status.st_uid)"
        throw SettingsError(
            "\(path) belongs to \(user), who could not open what root writes: "
                + "use `runuser -u \(user) -- portcullis-admin …`")
    }
}
