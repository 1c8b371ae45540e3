public import SystemPackage

/// Why a file cannot be read.
public enum InputFileError: Error, Sendable, Hashable {
    /// The system refuses.
    case system(Errno)
    /// It is no regular file, nor what a command may take in its place.
    case kind(FileKind)
    /// A pipe at its end before it has brought anything.
    case unwritten
    /// It has more than so many bytes.
    case tooLarge(Int)

    /// In words that follow the path: `is a FIFO, not a regular file`.
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
