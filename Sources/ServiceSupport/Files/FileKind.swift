package import Glibc

/// The kind of file at a path, according to the kernel.
public enum FileKind: String, Sendable, Hashable {
    case regularFile = "regular file"
    case directory
    case fifo = "FIFO"
    case socket
    case characterDevice = "character device"
    case blockDevice = "block device"
    case other = "file of an unknown kind"

    /// Follows symbolic links; `nil` if there is no file, or it is not accessible. Cost: one system call.
    public init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(mode: status.st_mode)
    }

    package init(mode: mode_t) {
        self =
            switch mode & S_IFMT {
            case S_IFREG: .regularFile
            case S_IFDIR: .directory
            case S_IFIFO: .fifo
            case S_IFSOCK: .socket
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            default: .other
            }
    }
}
