import AdminAPI
import Cloud
import Names
import Text

/// Decides which lost links become notices, without a clock of its own.
///
/// A single link is told of when it has been lost for `patience` although the server's node is in touch and says that the
/// service runs. When more than `share` percent of all links, and at least `crowd`, are lost within `window`, ADMIN itself
/// has likely lost its network: that is one notice, and none for each service.
struct LinkLosses: Sendable {
    /// How long a link is lost before people are told.
    static let patience = Duration.seconds(60)
    /// The time in which many are lost at once.
    static let window = Duration.seconds(30)
    static let crowd = 10
    static let share = 20
    /// The name of the subject of the notice that many are lost: it is about ADMIN, not about one of them.
    static let crowdName = "links"

    /// A lost link.
    private struct Loss {
        var at: Duration
        /// Whether it belongs to many that were lost at once.
        var isOfCrowd = false
        var isTold = false
    }

    /// What the server's node says of a service.
    enum Word: Sendable {
        /// The node is in touch, and the service runs as far as it knows.
        case runs
        /// The node is out of touch, or the service does not run: that is told of elsewhere.
        case explains
    }

    private var losses: [ServiceLink.ID: Loss] = [:]
    private var isCrowdTold = false

    /// What people are to be told now.
    ///
    /// - Parameters:
    ///   - links: all that are known, with their states.
    ///   - now: by `Registry.uptime`.
    ///   - word: what the node says; asked only of links that have been lost for long enough.
    mutating func notices(
        _ links: [ServiceLink.ID: LinkResource.State], now: Duration, in cloud: Cloud,
        word: @Sendable (ServiceLink.ID) async -> Word
    ) async -> [Notice] {
        var notices: [Notice] = []
        for (id, loss) in losses where links[id] != .lost {
            losses[id] = nil
            guard loss.isTold else { continue }
            notices.append(Self.notice(of: id, isResolved: true, isGone: links[id] == nil, in: cloud))
        }
        for (id, state) in links where state == .lost && losses[id] == nil { losses[id] = Loss(at: now) }
        let recent = losses.filter { now - $0.value.at < Self.window }
        if recent.count >= Self.crowd, recent.count * 100 > Self.share * links.count {
            for id in recent.keys { losses[id]?.isOfCrowd = true }
            if !isCrowdTold {
                isCrowdTold = true
                notices.append(Self.notice(ofCrowd: recent.keys.map(\.self), of: links.count))
            }
        } else if isCrowdTold, !losses.values.contains(where: \.isOfCrowd) {
            isCrowdTold = false
            notices.append(Self.endOfCrowd)
        }
        for (id, loss) in losses.sorted(by: { $0.key < $1.key })
        where !loss.isTold && !loss.isOfCrowd && now - loss.at >= Self.patience {
            guard await word(id) == .runs else { continue }
            losses[id]?.isTold = true
            notices.append(Self.notice(of: id, isResolved: false, isGone: false, in: cloud))
        }
        return notices
    }

    /// Forgets when links were lost: ADMIN itself stood still.
    mutating func restart() {
        losses = losses.filter { $0.value.isTold }
    }

    private static func notice(
        of id: ServiceLink.ID, isResolved: Bool, isGone: Bool, in cloud: Cloud
    ) -> Notice {
        let end = isGone ? "has no master any more that would have a link" : "is in touch again"
        return Notice(
            .warning, of: .service, id.service,
            title: isResolved
                ? "\(id.service) on \(id.server) \(end)" : "the master of \(id.service) on \(id.server) is lost",
            text: isResolved
                ? ""
                : "Nothing was heard of it for \((patience + .seconds(Limits.linkLoss)).components.seconds) s, although "
                    + "the server's node is in touch and says that the service runs: it may be hung, or its own way to "
                    + "ADMIN may be cut. The workers serve on.\n"
                    + "portcullis services show \(id.service)\nportcullis services logs \(id.service)",
            location: cloud.servers[id.server]?.location, type: ServiceName(id.service)?.type, isResolved: isResolved,
            isLasting: !isResolved)
    }

    private static func notice(ofCrowd ids: [ServiceLink.ID], of count: Int) -> Notice {
        let servers = Set(ids.map { ExactText($0.server) }).sorted().map(\.wrappedValue)
        return Notice(
            .critical, of: .admin, crowdName,
            title: "\(ids.count) of \(count) links to masters were lost at once: ADMIN's own network may be cut",
            text: "They are on \(servers.count) servers: \(servers.prefix(20).joined(separator: ", "))"
                + (servers.count > 20 ? ", …" : "")
                + ".\nServices serve on without ADMIN. Of single services nothing is "
                + "told meanwhile.\nportcullis services watch", isLasting: true)
    }

    private static var endOfCrowd: Notice {
        Notice(
            .critical, of: .admin, crowdName, title: "the links to masters that were lost at once are back",
            isResolved: true)
    }
}
