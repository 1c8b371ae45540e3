import Glibc
public import SystemPackage

/// A file that cannot be read or written: which file, and why, in words for an operator.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The action that failed, as a verb: `write`; `nil` if the message around it names the action.
    public let action: String?
    public let path: String
    /// Why it failed.
    public let reason: String

    public init(path: String, reason: String) {
        self.init(action: nil, path: path, reason: reason)
    }

    public init(path: String, errno code: Int32) {
        self.init(path: path, reason: Self.reason(code))
    }

    public init(_ action: String, _ path: String, errno: Errno? = nil, reason: String? = nil) {
        self.init(action: action, path: path, reason: reason ?? errno.map { Self.reason($0.rawValue) } ?? "failed")
    }

    public init(_ action: String, _ path: String, _ error: InputFileError) {
        self.init(action: action, path: path, reason: error.reason)
    }

    private init(action: String?, path: String, reason: String) {
        self.action = action
        self.path = path
        self.reason = reason
    }

    /// `write /var/lib/portcullis/state.json: no space left on device`
    public var description: String { "\(action.map { "\($0) " } ?? "")\(path): \(reason)" }

    /// The meaning of the system's error number, in words.
    public static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT: "no such file"
        case EISDIR: "is a directory, not a regular file"
        default:
            String(cString: strerror(code)).prefix(1).lowercased() + String(cString: strerror(code)).dropFirst()
        }
    }
}
