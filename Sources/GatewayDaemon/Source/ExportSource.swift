import ServiceSupport
public import ServicesExport
import Text

/// A source of exports.
public protocol ExportSource: Sendable {
    /// Asks for the export.
    /// - Throws: `ExportSourceError`, or an error of the file.
    func fetch(_ request: ExportRequest) async throws -> ExportAnswer
    /// A problem although exports can still be fetched, such as a renewed file that cannot be used.
    var problem: String? { get }
    /// Whether an export is being received from ADMIN at this moment, so that other work should wait.
    var isReceiving: Bool { get }
}

extension ExportSource {
    public var problem: String? { nil }
    public var isReceiving: Bool { false }
}

/// What a gateway tells with each poll: the exports it already has, and its state.
public struct ExportRequest: Sendable, Hashable {
    /// An export that the guard holds back.
    public struct Held: Sendable, Hashable {
        /// The export that is held back.
        public var digest: ExportDigest
        /// Why it is held back.
        public var reason: String
        /// Whether an operator has rejected it.
        public var isRejected: Bool

        public init(digest: ExportDigest, reason: String, isRejected: Bool) {
            self.digest = digest
            self.reason = reason
            self.isRejected = isRejected
        }
    }

    /// The gateway's role in its pair.
    public var role: GatewayRole
    /// The export in force; it is not sent again.
    public var known: ExportDigest?
    /// The export that the kernel agrees with.
    public var applied: ExportDigest?
    /// The export that the guard holds back; it is not sent again either.
    public var held: Held?
    /// Steps that the kernel has refused.
    public var failures = 0

    public init(
        role: GatewayRole = .active, known: ExportDigest? = nil, applied: ExportDigest? = nil, held: Held? = nil,
        failures: Int = 0
    ) {
        self.role = role
        self.known = known
        self.applied = applied
        self.held = held
        self.failures = failures
    }
}

/// The answer to a request for the export.
public enum ExportAnswer: Sendable, Hashable {
    /// The export is one that the gateway has; its digest follows, if the answer tells it. `held`: the answer was
    /// delayed until now, so the next request need not wait.
    case unchanged(ExportDigest?, held: Bool)
    case export([UInt8], ExportDigest, held: Bool)
}

/// Why no export could be fetched.
public struct ExportSourceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of failure that an operator or an alert must distinguish.
    public enum Code: String, Sendable, CaseIterable {
        /// No connection: refused, no route, unknown name, or no valid certificate.
        case unreachable
        /// No complete answer within the time limit.
        case timedOut = "timed-out"
        /// The connection ended, or violated HTTP, in the middle of the answer.
        case brokenOff = "broken-off"
        case redirected
        /// 401 or 403.
        case unauthorized
        /// 404.
        case notFound = "not-found"
        /// Any status other than 200 and 304.
        case badStatus = "bad-status"
        /// Not text/csv.
        case wrongType = "wrong-type"
        /// No Content-Digest, or not the digest of the bytes.
        case wrongDigest = "wrong-digest"
        /// Larger than `ServicesCSV.maximumSize`.
        case tooLarge = "too-large"
    }

    /// The kind of failure.
    public let code: Code
    /// What went wrong, with the URL or the file.
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

/// An export in a file, for plans and benchmarks without ADMIN.
public struct FileExportSource: ExportSource {
    /// The path of the file; `nil`: standard input.
    public let path: String?

    /// - Parameter location: a path (also of a pipe), a `file:` URL, or `-` for standard input.
    public init(_ location: String) {
        if location.hasBytePrefix("file://") {
            path = String(Substring(location.utf8.dropFirst("file://".utf8.count)))
        } else if location.hasBytePrefix("file:") {
            path = String(Substring(location.utf8.dropFirst("file:".utf8.count)))
        } else {
            path = location == "-" ? nil : location
        }
    }

    public func fetch(_ request: ExportRequest) async throws -> ExportAnswer {
        let bytes = try read()
        let digest = ExportDigest(of: bytes)
        return digest == request.known ? .unchanged(digest, held: false) : .export(bytes, digest, held: false)
    }

    private func read() throws -> [UInt8] {
        guard let path else {
            do throws(InputFileError) {
                return try InputFile.readStandardInput(limit: ServicesCSV.maximumSize)
            } catch {
                throw FileError("read", "standard input", error)
            }
        }
        guard let bytes = try Files.read(path, limit: ServicesCSV.maximumSize, from: .stream) else {
            throw ExportSourceError(.notFound, "there is no file \(path)")
        }
        return bytes
    }
}
