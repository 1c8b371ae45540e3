import AdminAPI
import Cloud
import Names
import Text

/// Finds, in what nodes report, services whose masters are ended by signals and started again too often.
///
/// It knows what was reported since ADMIN started: what a node's first report counts is not news.
struct MasterRestartNews: Sendable {
    /// More restarts than this within `window` are told.
    static let most = 3
    static let window = Duration.seconds(3_600)

    private struct ID: Hashable {
        let server: String
        let service: ExactText
    }

    /// When masters were started again, of the last `window`: `most` + 1 each at most.
    private var restarts: [ID: [Duration]] = [:]
    /// When people were told, of the last `window`.
    private var told: [ID: Duration] = [:]

    /// What people are to be told after a report. Cost: a look at each service of the server, and at each that was noted.
    ///
    /// - Parameter now: by `Registry.uptime`.
    mutating func notices(
        before: ServerReport?, after: ServerReport, of server: String, at now: Duration, in cloud: Cloud
    ) -> [Notice] {
        guard let before else { return [] }
        told = told.filter { now - $0.value < Self.window }
        restarts = restarts.compactMapValues { times in
            let recent = times.filter { now - $0 < Self.window }
            return recent.isEmpty ? nil : recent
        }
        var notices: [Notice] = []
        for (service, present) in after.services.sorted(by: { $0.key < $1.key }) {
            guard let counted = present.masterRestarts, let known = before.services[service],
                cloud.services[service.wrappedValue]?.server == server
            else { continue }
            let earlier = known.masterRestarts?.count ?? 0
            // A service that was stopped and started counts anew.
            let new = counted.count >= earlier ? counted.count - earlier : counted.count
            guard new > 0 else { continue }
            let id = ID(server: server, service: service)
            let times = restarts[id, default: []] + Array(repeating: now, count: min(new, Self.most + 1))
            restarts[id] = times.suffix(Self.most + 1)
            guard times.count > Self.most, told[id] == nil else { continue }
            told[id] = now
            notices.append(
                Self.notice(service.wrappedValue, on: server, last: counted.last, at: cloud.servers[server]?.location))
        }
        return notices
    }

    private static func notice(_ service: String, on server: String, last: String, at location: String?) -> Notice {
        Notice(
            .warning, of: .service, service,
            title:
                "the master of \(service) on \(server) is killed again and again: more than \(most) times within an hour",
            text:
                "A signal has ended it, the last time at \(last), and its keeper has started it again. The workers have "
                + "gone on meanwhile. After five restarts in a minute the service ends.\n"
                + "portcullis services show \(service)\nportcullis services logs \(service)",
            location: location, type: ServiceName(service)?.type)
    }
}
