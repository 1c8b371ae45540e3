import InputFiles
public import SystemPackage

/// A file that could not be read or written.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    public let action: String
    public let path: String
    public let errno: Errno?
    public let reason: String?

    public init(_ action: String, _ path: String, errno: Errno? = nil, reason: String? = nil) {
        self.action = action
        self.path = path
        self.errno = errno
        self.reason = reason
    }

    init(_ action: String, _ path: String, _ error: InputFileError) {
        guard case .system(let errno) = error else {
            self.init(action, path, reason: error.reason)
            return
        }
        self.init(action, path, errno: errno)
    }

    /// `write /var/lib/portcullis/state.json: No space left on device`
    public var description: String { "\(action) \(path): \(reason ?? errno.map { "\($0)" } ?? "failed")" }
}
