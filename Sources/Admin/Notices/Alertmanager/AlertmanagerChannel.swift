import NIOHTTP1
import AdminAPI
import Foundation
import Text

/// Tells a Prometheus Alertmanager of alerts, again each minute until they end.
actor AlertmanagerChannel: NoticeChannel {
    /// What settings name, read from its files.
    struct Target: Sendable, Equatable {
        /// The URL below which the API is.
        @ExactText var url: String
        /// Certificates in PEM.
        var authorities: [UInt8]?
    }

    private let url: String
    private let now: @Sendable () -> Date
    private let http: NoticeHTTP
    private var book = AlertBook()
    /// When Alertmanager is told again, at the earliest.
    private var nextRefresh: Date?

    /// Seconds between two times that Alertmanager is told of what lasts.
    private static let interval = 60.0
    /// The same after it could not be told.
    private static let retry = 15.0

    init(_ target: Target, now: @escaping @Sendable () -> Date) {
        let slash = target.url.utf8.last == UInt8(ascii: "/") ? "" : "/"
        url = "\(target.url)\(slash)api/v2/alerts"
        self.now = now
        http = NoticeHTTP(authorities: target.authorities)
    }

    func shutdown() async { await http.shutdown() }

    func deliver(_ message: NoticeMessage) async -> DeliveryResult {
        var next = book
        let changed = next.take(message, at: now())
        let result = changed.isEmpty ? .delivered : await tell(changed)
        if result == .delivered { book = next }
        return result
    }

    func refresh() async -> ChannelRefresh {
        book.prune(at: now())
        guard !book.alerts.isEmpty else { return ChannelRefresh() }
        let due = nextRefresh ?? now()
        // A clock that was set back does not make Alertmanager forget.
        guard due <= now() || due > now().addingTimeInterval(Self.interval) else {
            return ChannelRefresh(next: .seconds(due.timeIntervalSince(now())))
        }
        let result = await tell(book.alerts.sorted { $0.key < $1.key }.map(\.value))
        let pause = result == .delivered ? Self.interval : Self.retry
        nextRefresh = now().addingTimeInterval(pause)
        return ChannelRefresh(next: .seconds(pause), problem: result.problem)
    }

    private func tell(_ alerts: [AlertBook.Alert]) async -> DeliveryResult {
        switch await http.post(url, AlertBook.body(alerts, at: now())) {
        case .answer(let status, let headers, _):
            DeliveryResult(status: status, retryAfter: headers.first(name: "Retry-After"), now: now())
        case .none(let reason): .unavailable(reason)
        }
    }

    func memory() -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(book)).map { String(decoding: $0, as: UTF8.self) }
    }

    func restore(_ memory: String?, isBegun: Bool) {
        guard let memory, let book = try? JSONDecoder().decode(AlertBook.self, from: Data(memory.utf8)) else { return }
        self.book = book
    }
}
