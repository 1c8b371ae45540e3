public import AdminAPI
public import AdminClient
import NIOCore
import NIOPosix
import ServicesExport
import Synchronization
import Text

/// The export from ADMIN over HTTP. Requests are conditional; answers are verified, and limited in size and time.
public final class AdminExportSource: ExportSource, ReportReceiver {
    /// There is one event loop: with several, each poll may use a different one and open its own connection.
    let eventLoops: MultiThreadedEventLoopGroup
    private let admin: AdminConnector
    /// The executor of the event loop that receives answers: a task on it awaits them without a wake-up between
    /// threads.
    public let executor: EventLoopExecutor
    private let asking: PollRequest
    private let texts: ExportSourceTexts
    private let reporting: AdminRequest
    private let reportTexts: ExportSourceTexts
    private let receiving = Mutex(false)

    /// - Parameter announces: whether each poll is a heartbeat of the gateway. It is not if somebody only looks at
    ///   what would be done.
    /// - Throws: if the token or the certificates cannot be read.
    public init(_ configuration: GatewayConfiguration, announces: Bool = true) throws {
        let (addresses, path) = try configuration.exportPlace()
        let settings = AdminConnectorSettings(
            addresses: addresses, token: try configuration.tokenFile.map { try .reading($0) } ?? .absent,
            certificates: try configuration.caFile.map { try TrustedCertificates(reading: $0) },
            userAgent: "portcullis-gateway", timeout: .seconds(configuration.timeout))
        asking = PollRequest(path, configuration, announces: announces)
        texts = ExportSourceTexts(
            target: path.encoded, timeLimit: configuration.timeout + configuration.wait, tokenFile: settings.token.path,
            caFile: configuration.caFile)
        var reporting = AdminRequest(
            .post, .report(ofGateway: configuration.name, of: configuration.location ?? ""))
        reporting.limit = 1 << 16
        reporting.problemLimit = 1 << 16
        self.reporting = reporting
        reportTexts = ExportSourceTexts(
            target: reporting.target, timeLimit: configuration.timeout, tokenFile: settings.token.path,
            caFile: configuration.caFile)
        eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        executor = EventLoopExecutor(eventLoops.next())
        admin = AdminConnector(settings, eventLoops: eventLoops)
    }

    /// Closes the connections. Nothing can be fetched afterwards.
    public func shutdown() async {
        await admin.shutdown()
        try? await eventLoops.shutdownGracefully()
    }

    public var problem: String? { admin.problem }

    public var isReceiving: Bool { receiving.withLock { $0 } }

    public func fetch(_ request: ExportRequest) async throws -> ExportAnswer {
        let answer: AdminAnswer
        do {
            answer = try await admin.send(asking.request(request)) { isReceiving in
                self.receiving.withLock { $0 = isReceiving }
            }
        } catch let error as TransportError {
            throw texts.error(error)
        }
        guard !answer.isUnchanged else { return try unchanged(answer, request) }
        guard answer.status == 200 else { throw texts.error(answer) }
        // Computing the digest is a part of the work that others wait for.
        receiving.withLock { $0 = true }
        defer { receiving.withLock { $0 = false } }
        return try export(answer)
    }

    public func send(_ message: GatewayReportMessage) async throws -> ReportAnswer? {
        let answer: AdminAnswer
        do {
            answer = try await admin.send(reporting.json(message))
        } catch let error as TransportError {
            throw reportTexts.error(error)
        }
        switch answer.status {
        case 200: return try ReportAnswer(json: answer.body, .tolerant)
        // An ADMIN from before there were reports, or one that does not know the gateway any more: its next poll helps.
        case 404, 405: return nil
        default: throw reportTexts.error(answer)
        }
    }

    private func unchanged(_ answer: AdminAnswer, _ request: ExportRequest) throws -> ExportAnswer {
        guard request.known != nil || request.held != nil else {
            throw ExportSourceError(.badStatus, "ADMIN at \(texts.url(answer)) answered 304 to a first request")
        }
        return .unchanged(answer.eTag.flatMap { ExportDigest(etag: $0) }, held: answer.wasHeld)
    }

    private func export(_ answer: AdminAnswer) throws -> ExportAnswer {
        let url = texts.url(answer)
        guard ServicesCSV.Version(contentType: answer.contentType) != nil else {
            let type = answer.contentType.isEmpty ? "nothing" : answer.contentType
            throw ExportSourceError(
                .wrongType, "ADMIN at \(url) answered with \(type), not \(ServicesCSV.Version.acceptsAll)")
        }
        guard let field = answer.field(APIHeader.contentDigest), let promised = ExportDigest(contentDigest: field)
        else {
            throw ExportSourceError(.wrongDigest, "ADMIN at \(url) sent an export without a SHA-256 Content-Digest")
        }
        let digest = ExportDigest(of: answer.body)
        guard digest == promised else {
            throw ExportSourceError(
                .wrongDigest, "the export from \(url) was damaged on the way: its digest differs")
        }
        return .export(answer.body, digest, held: answer.wasHeld)
    }
}
