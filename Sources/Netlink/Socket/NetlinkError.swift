import CNetlink
public import SystemPackage

/// An error of the kernel or the socket: which command, on which object, and why.
///
/// Printed as one line: `add destination 10.1.0.11:8080 to 198.51.100.36:80/tcp: no such virtual service
/// or scheduler (ENOENT)`.
public struct NetlinkError: Error, Sendable, Hashable {
    /// The kinds of errors that a caller must distinguish.
    public enum Code: Sendable, Hashable {
        /// The kernel refused the command; `errno` says why.
        case refused
        /// The kernel's answers did not fit into the receive buffer (ENOBUFS). The commands may have been carried
        /// out: read back instead of sending them again.
        case overflow
        /// Another program changed the same thing meanwhile (EAGAIN, ERESTART, an interrupted dump): read and try
        /// again.
        case retry
        /// No answer within the socket's time limit.
        case timedOut
        /// An answer that does not follow the protocol.
        case malformed
        /// A system call on the socket failed.
        case system
    }

    /// The kind of error.
    public let code: Code
    /// The kernel's error number, if any.
    public let errno: Errno?
    /// The command in words: `add table inet portcullis`.
    public let command: String
    /// The reason in words, from the kernel (extended acknowledgement) or from this library.
    public let reason: String?

    public init(code: Code, errno: Errno? = nil, command: String, reason: String? = nil) {
        self.code = code
        self.errno = errno
        self.command = command
        self.reason = reason
    }

    /// A refusal with a (positive) error number, which decides its code.
    init(refused number: Int32, command: String, reason: String? = nil) {
        let code: Code =
            switch number {
            case ENOBUFS: .overflow
            case EAGAIN, EINTR, Self.restart: .retry
            default: .refused
            }
        self.init(code: code, errno: Errno(rawValue: number), command: command, reason: reason)
    }

    /// `ERESTART`: nfnetlink's error if the given generation is no longer the current one.
    static let restart: Int32 = 85
}

extension NetlinkError: CustomStringConvertible {
    public var description: String {
        let fallback: String? =
            switch code {
            case .overflow: "answers were lost, the receive buffer is full"
            case .retry: "changed by somebody else meanwhile"
            case .timedOut: "no answer from the kernel in time"
            case .malformed: "an answer that does not follow the protocol"
            case .refused, .system: errno.map { "\($0)" }
            }
        let name = errno.flatMap { cnl_errno_name($0.rawValue) }.map { " (\(String(cString: $0)))" } ?? ""
        return "\(command): \(reason ?? fallback ?? "failed")\(name)"
    }
}
