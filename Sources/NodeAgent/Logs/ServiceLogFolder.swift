import Glibc
import ServiceSupport
import Text
import Versions

/// The folder in which the master of a service keeps its log. It belongs to the service's user, since the master renames
/// files there.
struct ServiceLogFolder {
    private let directory: NodeDirectory
    private let name: String

    init(_ directory: NodeDirectory, _ name: String) {
        self.directory = directory
        self.name = name
    }

    /// Makes the folder, with the log that there was before it, or gives it to another user. The service does not run.
    func make(_ user: ServiceUser?) throws {
        let logs = try Directory.open("\(directory.own)/log")
        let path = directory.logFolder(of: name)
        if try logs.has(name) { return try give(path, to: user) }
        let new = "\(name).new"
        _ = try logs.directory(making: new, mode: 0o750)
        // Under a name that nobody reads until all is there.
        for old in try logs.entries().compactMap(\.name)
        where old.isExactly("\(name).log") || old.hasBytePrefix("\(name).log.") {
            let suffix = old.utf8.dropFirst(name.utf8.count + 1)
            guard Files.rename("\(directory.own)/log/\(old)", to: "\(path).new/\(String(suffix) ?? "log")") else {
                throw FileError(path: "\(directory.own)/log/\(old)", errno: errno)
            }
        }
        try give("\(path).new", to: user)
        guard Files.rename("\(path).new", to: path) else { throw FileError(path: path, errno: errno) }
    }

    /// Gives the folder and its files to a user.
    private func give(_ path: String, to user: ServiceUser?) throws {
        guard let user else { return }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw FileError(path: path, errno: errno) }
        for file in Files.names(in: path) where file.hasBytePrefix("log") { try give(user, "\(path)/\(file)") }
        try give(user, path)
    }

    private func give(_ user: ServiceUser, _ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_uid != user.user else { return }
        guard lchown(path, user.user, user.group) == 0 else { throw FileError(path: path, errno: errno) }
    }
}
