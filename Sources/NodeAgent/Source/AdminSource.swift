import Times
package import AdminAPI
package import AdminClient
import Cloud
package import Foundation
import ServiceSupport
import Text
package import VersionTransfer
import Versions

/// ADMIN, as a node sees it.
package final class AdminSource: Sendable {
    private let admin: AdminConnector
    private let blobs: AdminConnector
    private let server: String
    private let wait: Int
    private let tokenFile: String?
    private let caFile: String?

    /// - Throws: if an address is missing, or the token or the certificates cannot be read.
    package init(_ configuration: NodeConfiguration) throws {
        let certificates = try configuration.caFile.map { try TrustedCertificates(reading: $0) }
        let settings = AdminConnectorSettings(
            addresses: try configuration.requiredAdmin(),
            token: try configuration.tokenFile.map { try .reading($0) } ?? .absent, certificates: certificates,
            userAgent: "portcullis-node", timeout: .seconds(configuration.timeout))
        admin = AdminConnector(settings)
        if let addresses = configuration.blobURL {
            var settings = settings
            settings.addresses = addresses
            // A cache gets no token.
            settings.token = .absent
            blobs = AdminConnector(settings)
        } else {
            blobs = admin
        }
        server = configuration.server
        wait = configuration.wait
        tokenFile = configuration.tokenFile
        caFile = configuration.caFile
    }

    /// Closes the connections. Nothing can be fetched afterwards.
    package func shutdown() async {
        await admin.shutdown()
        if blobs !== admin { await blobs.shutdown() }
    }

    /// A renewed token or certificate that cannot be used.
    package var problem: String? { admin.problem }

    // MARK: Assignments and reports

    /// The answer to a poll.
    package struct Poll: Sendable {
        /// The assignments with their ETag; `nil`: those that are here.
        package var news: (assignments: Assignments, tag: String?)?
        package var wasHeld: Bool
        /// What tells the logs that ADMIN wants from others; `nil`: it wants none.
        package var logs: String?
        /// The dumps of crashes that ADMIN wants; `nil`: none.
        package var dumps: String?
        /// What ADMIN's clock said; `nil`: it did not tell.
        package var date: Date?
        /// Whether ADMIN has no report of this node.
        package var wantsReport: Bool
    }

    /// Asks for the assignments.
    ///
    /// - Parameters:
    ///   - known: the ETag of those that are here.
    ///   - pace: the longest that ADMIN may hold its answer, or take for it, in seconds; `nil`: as the settings say.
    ///   - logs: the wishes for logs that are known.
    ///   - dumps: the wishes for dumps that are known.
    ///   - mayWait: whether ADMIN may hold its answer until there is something new.
    package func poll(
        known: String?, pace: Int? = nil, logs: String = "0", dumps: String = "none", mayWait: Bool = true
    ) async throws -> Poll {
        var request = AdminRequest(.get, .assignments(of: server))
        request.add(NodeHeader.logs, logs)
        request.add(NodeHeader.dumps, dumps)
        if let known {
            request.known = [known]
            if mayWait { request.wait = min(wait, pace ?? wait) }
        }
        request.timeout = pace.map { .seconds($0) }
        let answer = try await send(request, admin)
        var poll = Poll(
            wasHeld: answer.wasHeld, logs: answer.field(NodeHeader.logs), dumps: answer.field(NodeHeader.dumps),
            date: answer.field("Date").flatMap { InternetTime.date(ofHeader: $0) },
            wantsReport: answer.field(NodeHeader.report) != nil)
        if answer.isUnchanged, known != nil { return poll }
        guard answer.status == 200 else { throw SourceError(answer, request.target, tokenFile: tokenFile) }
        poll.news = (try answer.value(of: request), answer.eTag)
        return poll
    }

    /// A new token for a service on this server. An earlier one counts no more.
    func serviceToken(of service: String) async throws -> String {
        var request = AdminRequest(.post, .token(of: service, on: server))
        request.limit = 1 << 16
        let answer = try await send(request, admin)
        guard (200..<300).contains(answer.status) else {
            throw SourceError(answer, request.target, tokenFile: tokenFile)
        }
        let made: CreatedToken = try answer.value(of: request)
        guard let secret = made.secret else {
            throw SourceError("the answer of \(answer.url(of: request)) has no token")
        }
        return secret
    }

    /// Sends logs, and asks which are wanted; `nil`: this ADMIN takes none.
    func deliver(_ delivery: LogDelivery) async throws -> WantedLogs? {
        var request = AdminRequest(.post, .logs(ofServer: server)).json(delivery)
        request.limit = 1 << 20
        let answer = try await send(request, admin)
        switch answer.status {
        case 200: return try answer.value(of: request)
        case 404, 405: return nil
        default: throw SourceError(answer, request.target, tokenFile: tokenFile)
        }
    }

    /// Sends a report; `nil`: this ADMIN takes none.
    func report(_ message: ServerReportMessage) async throws -> ReportAnswer? {
        var request = AdminRequest(.post, .report(ofServer: server)).json(message)
        request.limit = 1 << 16
        let answer = try await send(request, admin)
        switch answer.status {
        case 200: return try answer.value(of: request)
        case 404, 405: return nil
        default: throw SourceError(answer, request.target, tokenFile: tokenFile)
        }
    }

    // MARK: Crashes

    /// Reports a crash.
    func report(_ crash: CrashReport) async throws {
        var request = AdminRequest(.post, .crashes(ofServer: server)).json(crash)
        request.limit = 1 << 16
        let answer = try await send(request, admin)
        guard (200..<300).contains(answer.status) else {
            throw SourceError(answer, request.target, tokenFile: tokenFile)
        }
    }

    /// Sends the dump of a crash.
    ///
    /// - Parameter dump: `nil`: it is not here any more.
    func send(dump: [UInt8]?, of crash: String) async throws {
        var request = AdminRequest(dump == nil ? .delete : .put, .dump(of: crash, onServer: server))
        if let dump { request.body = .init(contentType: MediaType.text, bytes: dump) }
        request.limit = 1 << 16
        let answer = try await send(request, admin)
        guard (200..<300).contains(answer.status) || (dump == nil && answer.status == 404) else {
            throw SourceError(answer, request.target, tokenFile: tokenFile)
        }
    }

    // MARK: Versions

    /// The bytes of a manifest, and those of its signatures.
    func manifest(_ digest: ContentDigest) async throws -> (manifest: [UInt8], signatures: [UInt8]) {
        let manifest = try await bytes(.manifest("\(digest)"), limit: Manifest.largest)
        let signatures = try await bytes(.signatures(ofManifest: "\(digest)"), limit: ManifestSignatures.largest)
        return (manifest, signatures)
    }

    private func bytes(_ path: APIPath, limit: Int) async throws -> [UInt8] {
        var request = AdminRequest(.get, path)
        request.limit = limit
        let answer = try await send(request, admin)
        guard answer.status == 200 else { throw SourceError(answer, request.target, tokenFile: tokenFile) }
        return answer.body
    }

    /// A part of a blob.
    struct Part: Sendable {
        var bytes: [UInt8]
        /// Where the part begins in the compressed bytes.
        var start: Int
        var tag: String?
    }

    /// Compressed bytes of a blob, from `start` on.
    ///
    /// - Parameters:
    ///   - count: the most bytes that are wanted.
    ///   - tag: the ETag of the earlier parts.
    func part(of blob: Blob, from start: Int, count: Int, tag: String?) async throws -> Part {
        var request = AdminRequest(.get, .blob("\(blob.digest)"))
        request.accept = "*/*"
        // Who does not know ranges sends all.
        request.limit = blob.compressedSize
        let end = min(start + count, blob.compressedSize)
        if start > 0 || end < blob.compressedSize {
            request.add("Range", "bytes=\(start)-\(end - 1)")
            if let tag { request.add("If-Range", tag) }
        }
        let answer = try await send(request, blobs)
        switch answer.status {
        case 200: return Part(bytes: answer.body, start: 0, tag: answer.eTag)
        case 206:
            guard let range = answer.field("Content-Range"), range.hasBytePrefix("bytes \(start)-") else {
                throw SourceError("ADMIN at \(answer.address)\(request.target) sent another part than was asked for")
            }
            return Part(bytes: answer.body, start: start, tag: answer.eTag)
        default: throw SourceError(answer, request.target, tokenFile: tokenFile)
        }
    }

    /// The meta-configuration of a type, which a server gets while it builds a version of the type.
    ///
    /// - Throws: `SourceError`, or `YAMLErrors` if it cannot be read.
    func configuration(of type: String) async throws -> MetaConfiguration {
        var request = AdminRequest(.get, .type(type))
        request.accept = MediaType.yaml
        request.limit = Limits.source
        let answer = try await send(request, admin)
        guard answer.status == 200 else { throw SourceError(answer, request.target, tokenFile: tokenFile) }
        let text = String(decoding: try answer.content(MediaType.yaml, of: request), as: UTF8.self)
        let found = try MetaConfiguration.load(text, file: "ADMIN's \(type)").first { $0.type.isExactly(type) }
        guard let found else { throw SourceError("what ADMIN has for the type \(type) is of another type") }
        return found
    }

    private func send(_ request: AdminRequest, _ connector: AdminConnector) async throws -> AdminAnswer {
        do {
            return try await connector.send(request)
        } catch let error as TransportError {
            throw SourceError(error, request.target, caFile)
        }
    }
}

extension AdminSource: VersionReceiver {
    package func answer<Value: Described>(to request: AdminRequest) async throws -> Value {
        let answer = try await send(request, admin)
        guard (200..<300).contains(answer.status) else {
            throw SourceError(answer, request.target, tokenFile: tokenFile)
        }
        return try answer.value(of: request)
    }

    package func refusal(of error: any Error) -> TransferRefusal {
        let error = error as? SourceError
        return TransferRefusal(status: error?.status, isTransient: error?.isTransient ?? false)
    }
}
