import AdminAPI
import Foundation
import JSON
import Names
import Registry
import Text

/// The alerts that Alertmanager is told of until they end.
///
/// What a notice is about has one alert at a time: the newest notice says what it is. So a `resolved` notice ends it.
struct AlertBook: Sendable, Hashable, Codable {
    struct Alert: Sendable, Hashable, Codable {
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: Date
        /// When it ends at the latest, or has ended.
        var endsAt: Date
        /// Whether it lasts until a notice ends it.
        var isLasting: Bool
    }

    /// By what they are about; `server app1`.
    private(set) var alerts: [String: Alert] = [:]

    /// How long an alert stands whose end nobody will tell of, in seconds.
    static let oneOff = 3_600.0
    /// How long one that lasts stands at most: the longest life of a notice.
    static let longest = 7 * 86_400.0
    /// What Alertmanager is told of the end of one that lasts: it ends by itself when ADMIN is away for so long.
    static let reach = 300.0
    /// Alerts at most. Beyond that, those that end first go.
    static let most = 1_000

    /// Takes what a message tells of.
    /// - Returns: what Alertmanager is to be told now.
    mutating func take(_ message: NoticeMessage, at now: Date) -> [Alert] {
        var changed: [Alert] = []
        for entry in message.notices.sorted(by: { ($0.numbers.last ?? 0) < ($1.numbers.last ?? 0) }) {
            let key = "\(entry.subject.rawValue) \(entry.name)"
            let former = alerts.removeValue(forKey: key)
            if entry.isResolved {
                // Without a former one, there is none at Alertmanager either.
                if let former { changed.append(ended(former, at: now)) }
                continue
            }
            var alert = Alert(entry, at: now)
            if let former {
                if former.labels == alert.labels {
                    alert.startsAt = former.startsAt
                } else {
                    changed.append(ended(former, at: now))
                }
            }
            alerts[key] = alert
            changed.append(alert)
        }
        if alerts.count > Self.most {
            for (key, _) in alerts.sorted(by: { $0.value.endsAt < $1.value.endsAt }).prefix(alerts.count - Self.most) {
                alerts[key] = nil
            }
        }
        return changed
    }

    /// Forgets what is over. Alertmanager has been told of its end.
    mutating func prune(at now: Date) { alerts = alerts.filter { $0.value.endsAt > now } }

    private func ended(_ alert: Alert, at now: Date) -> Alert {
        var alert = alert
        (alert.endsAt, alert.isLasting) = (now, false)
        return alert
    }

    /// The body of `POST /api/v2/alerts`.
    static func body(_ alerts: some Sequence<Alert>, at now: Date) -> [UInt8] {
        func object(_ texts: [String: String]) -> JSONValue {
            .object(texts.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .string($0.value)) })
        }
        var writer = JSONWriter()
        writer.write(
            .array(
                alerts.map { alert in
                    let end = alert.isLasting ? min(alert.endsAt, now.addingTimeInterval(reach)) : alert.endsAt
                    return .object([
                        .init(name: "labels", value: object(alert.labels)),
                        .init(name: "annotations", value: object(alert.annotations)),
                        .init(name: "startsAt", value: .string(Timestamp.text(alert.startsAt))),
                        .init(name: "endsAt", value: .string(Timestamp.text(end))),
                    ])
                }))
        return writer.bytes
    }
}

extension AlertBook.Alert {
    fileprivate init(_ entry: NoticeMessage.Entry, at now: Date) {
        labels = [
            "alertname": Self.name(of: entry.subject), "subject": entry.subject.rawValue, "name": entry.name,
            "severity": entry.severity.rawValue,
        ]
        labels["location"] = entry.location
        labels["type"] = entry.type
        let show = "portcullis notices show \(entry.numbers.last ?? 0)"
        annotations = ["summary": entry.title, "command": show]
        if let text = entry.text, !text.utf8.isEmpty {
            annotations["description"] = NoticeCut.fit(
                text, in: 8_000, mark: "\n[… cut here: \(show) has all of it …]\n", cost: { $0.value > 0xFFFF ? 2 : 1 })
        }
        startsAt = min(Timestamp.date(entry.time) ?? now, now)
        isLasting = entry.isLasting
        endsAt = now.addingTimeInterval(entry.isLasting ? AlertBook.longest : AlertBook.oneOff)
    }

    /// `PortcullisServer`
    private static func name(of subject: NoticeSubject) -> String {
        switch subject {
        case .rollout: "PortcullisRollout"
        case .server: "PortcullisServer"
        case .service: "PortcullisService"
        case .location: "PortcullisLocation"
        case .crash: "PortcullisCrash"
        case .admin: "PortcullisAdmin"
        case .test: "PortcullisTest"
        }
    }
}
