import ServiceSupport
public import ServicesExport

/// Where exports come from.
public protocol ExportSource: Sendable {
    /// Asks for the export.
    func fetch(_ request: ExportRequest) async throws -> ExportAnswer
    /// What is wrong though exports may still be had: a file that was renewed and cannot be used.
    var problem: String? { get }
    /// Whether an export is on its way from ADMIN at this moment: work that can wait does.
    var isReceiving: Bool { get }
}

extension ExportSource {
    public var problem: String? { nil }
    public var isReceiving: Bool { false }
}

/// What a gateway tells with each poll: what it need not be sent, and how it is doing.
public struct ExportRequest: Sendable, Hashable {
    /// An export that the guard holds back.
    public struct Held: Sendable, Hashable {
        public var digest: ExportDigest
        public var reason: String
        public var isRejected: Bool

        public init(digest: ExportDigest, reason: String, isRejected: Bool) {
            self.digest = digest
            self.reason = reason
            self.isRejected = isRejected
        }
    }

    /// The part the gateway plays in its pair.
    public var role: GatewayRole
    /// The export in force; the same one is not sent again.
    public var known: ExportDigest?
    /// The export that the kernel agrees with.
    public var applied: ExportDigest?
    /// Not sent again either.
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

/// What came of asking for the export.
public enum ExportAnswer: Sendable, Hashable {
    /// It is one at hand: of the digest, where the answer says which. `held`: the answer was held back until now, so
    /// asking again need not wait.
    case unchanged(ExportDigest?, held: Bool)
    case export([UInt8], ExportDigest, held: Bool)
}

/// Why no export could be had.
public struct ExportSourceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What an operator, or an alert, has to tell apart.
    public enum Code: String, Sendable, CaseIterable {
        /// No connection: refused, no route, no such name, no valid certificate.
        case unreachable
        /// No complete answer in time.
        case timedOut = "timed-out"
        /// The connection ended, or spoke no HTTP, in the middle of the answer.
        case brokenOff = "broken-off"
        case redirected
        /// 401 or 403.
        case unauthorized
        /// 404.
        case notFound = "not-found"
        /// Any other status than 200 and 304.
        case badStatus = "bad-status"
        /// Not text/csv.
        case wrongType = "wrong-type"
        /// No Content-Digest, or not the one of the bytes.
        case wrongDigest = "wrong-digest"
        /// More than `ServicesCSV.maximumSize`.
        case tooLarge = "too-large"
    }

    public let code: Code
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

/// An export in a file, for plans and benchmarks without ADMIN.
public struct FileExportSource: ExportSource {
    /// `nil`: standard input.
    public let path: String?

    /// - Parameter location: a path (of a pipe, too), a `file:` URL, or `-` for standard input.
    public init(_ location: String) {
        if location.hasPrefix("file://") {
            path = String(location.dropFirst("file://".count))
        } else if location.hasPrefix("file:") {
            path = String(location.dropFirst("file:".count))
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
