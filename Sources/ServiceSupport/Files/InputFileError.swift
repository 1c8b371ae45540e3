public import SystemPackage

/// Why a file cannot be read.
public enum InputFileError: Error, Sendable, Hashable {
    /// The system refused, with this error number.
    case system(Errno)
    /// The path names neither a regular file, nor anything else that the command accepts.
    case kind(FileKind)
    /// A pipe that ended before it delivered anything.
    case unwritten
    /// The file has more than this number of bytes.
    case tooLarge(Int)

    /// The reason, worded to follow the path: `is a FIFO, not a regular file`.
    public var reason: String {
        switch self {
        case .system(let error): FileError.reason(error.rawValue)
        case .kind(let kind): "is a \(kind.rawValue), not a regular file"
        case .unwritten: "is a pipe that nobody has written to"
        case .tooLarge(let limit) where limit >= 1 << 20 && limit % (1 << 20) == 0:
            "is larger than \(limit >> 20) MiB"
        case .tooLarge(let limit): "is larger than \(limit) bytes"
        }
    }
}
