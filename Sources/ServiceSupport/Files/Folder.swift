import Glibc
import Text

/// Makes folders in which programs keep their files.
public enum Folder {
    /// Makes a folder and its parents, unless they exist.
    /// - Parameter mode: the permissions, without those in the process's umask.
    public static func make(_ path: String, mode: UInt32 = 0o777) throws(FileError) {
        guard mkdir(path, mode) != 0 else { return }
        switch errno {
        case EEXIST where isFolder(path): return
        case EEXIST: throw FileError(path: path, reason: "is a file, not a folder")
        case ENOENT:
            let parent = parent(of: path)
            guard parent != path else { throw FileError(path: path, errno: ENOENT) }
            try make(parent, mode: mode)
            guard mkdir(path, mode) == 0 || (errno == EEXIST && isFolder(path)) else {
                throw FileError(path: path, errno: errno)
            }
        case let code: throw FileError(path: path, errno: code)
        }
    }

    /// The folder that contains a path; `.` for a path without slashes.
    public static func parent(of path: String) -> String {
        let path = path.utf8.count > 1 && path.hasByteSuffix("/") ? String(Substring(path.utf8.dropLast())) : path
        guard let slash = path.lastByte("/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
