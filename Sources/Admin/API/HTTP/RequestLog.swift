import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// Logs one line for each request. A request that was refused because of its token or role is logged as `notice`, a
/// change as `info`, all others as `debug`.
struct RequestLog: Sendable {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    /// - Parameters:
    ///   - query: the names of the query parameters that the route knows.
    ///   - actor: the name of the token; `nil` if it is not known.
    ///   - isChange: whether what ADMIN keeps was changed; a dry run and a gateway's report change nothing of it.
    ///   - start: when the request's head arrived.
    func note(
        _ request: Request, _ status: HTTPResponse.Status, query: [String] = [], actor: String?,
        isChange: Bool = false, since start: ContinuousClock.Instant
    ) {
        let level = Self.level(status, isChange: isChange)
        guard logger.logLevel <= level else { return }
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        logger.log(
            level: level,
            "\(request.method.rawValue) \(LoggedTarget.text(request.uri.string, known: query)) \(status.code)",
            metadata: [
                "token": "\(actor ?? "-")", "from": "\(Connection.current?.address ?? "-")", "ms": "\(milliseconds)",
            ])
    }

    static func level(_ status: HTTPResponse.Status, isChange: Bool) -> Logger.Level {
        switch status.code {
        case 401, 403: .notice
        case 200..<300 where isChange: .info
        default: .debug
        }
    }
}
