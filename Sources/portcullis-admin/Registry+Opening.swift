import Admin
import CommandLineSupport
import Foundation

extension Registry {
    /// Opens the registry, and makes it with its folder when there is none. What is made is its owner's alone: it holds
    /// token hashes.
    static func openOrMake(_ path: String) throws -> Registry {
        umask(0o077)
        do {
            try Folder.make(Folder.parent(of: path))
        } catch {
            throw SettingsError("the database's folder \(error)")
        }
        return try Registry(path: path)
    }

    /// Opens a registry that must be there, since a mistyped path is no new one, as the user it belongs to.
    static func open(_ path: String) throws -> Registry {
        try refuseRootForOthers(path)
        guard FileManager.default.fileExists(atPath: path) else {
            throw SettingsError("there is no registry \(path); `portcullis-admin serve` and `token add` make one")
        }
        return try Registry(path: path)
    }

    /// Throws where root would leave files beside the registry that the user it belongs to cannot open.
    static func refuseRootForOthers(_ path: String) throws {
        guard geteuid() == 0 else { return }
        var status = stat()
        guard stat(path, &status) == 0 || stat(Folder.parent(of: path), &status) == 0, status.st_uid != 0 else {
            return
        }
        let user = getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) } ?? "#\(status.st_uid)"
        throw SettingsError(
            "\(path) belongs to \(user), who could not open what root writes: use `sudo -u \(user) portcullis-admin …`")
    }
}
