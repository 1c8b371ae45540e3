import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
import Foundation

/// The kinds of objects that events can be asked for.
extension ResourceKind: ExpressibleByArgument {}

struct EventsCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show who changed what, and when; the newest comes last.",
        discussion: """
            With --follow, ADMIN holds its answers until there are events. It goes on after a restart of ADMIN. If the \
            registry was replaced by an older one, it says so and goes on with the first event that differs.
            """)

    @Option(help: ArgumentHelp("Only events after this one.", valueName: "id"))
    var after: Int = 0

    @Option(help: "Only events of this kind of object.")
    var kind: ResourceKind?

    @Option(help: "Only events of the object of this name.", transform: NameArgument.read)
    var name: String?

    @Option(
        help: ArgumentHelp("Only events of this actor: the name of a token.", valueName: "token"),
        transform: NameArgument.read)
    var actor: String?

    @Option(help: ArgumentHelp("Only events since then: \(PastTime.forms).", valueName: "when"))
    var since: String?

    @Option(help: ArgumentHelp("Only events before then, in the same forms.", valueName: "when"))
    var until: String?

    @Option(help: "Show at most this many of the newest events.")
    var limit: Int = 50

    @Flag(
        name: [.long, .customShort("w"), .customLong("watch")],
        help: "Go on showing events as they happen; --output json prints one object per line.")
    var follow = false

    @OptionGroup var table: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard after >= 0 else { throw ValidationError("--after: \(after) is negative") }
        guard (0...100_000).contains(limit) else { throw ValidationError("--limit: \(limit) is not in 0-100000") }
        for (option, text) in [("--since", since), ("--until", until)] {
            if let text, PastTime.read(text, now: Date()) == nil {
                throw ValidationError("\(option): \"\(text)\" is not \(PastTime.forms)")
            }
        }
        if follow, until != nil { throw ValidationError("--follow and --until exclude each other") }
    }

    func run(_ client: AdminResources) async throws {
        let now = Date()
        let filter = EventQuery(
            kind: kind, name: name, actor: actor, since: since.flatMap { PastTime.read($0, now: now) },
            until: until.flatMap { PastTime.read($0, now: now) })
        // At least one, since --follow continues from there.
        let newest = try await newest(client, filter, max(limit, 1))
        let events = Array(newest.suffix(limit))
        guard follow else { return try table.show(events, ResourceTables.events(events)) }
        try write(events, isFirst: true)
        var follower = EventFollower(filter, after: after, shown: newest)
        while true {
            let events = try await follower.next(client)
            if !events.isEmpty { try write(events, isFirst: false) }
        }
    }

    /// The newest events, page by page from the end.
    private func newest(
        _ client: AdminResources, _ filter: EventQuery, _ count: Int
    ) async throws -> [EventResource] {
        var events = [EventResource]()
        while events.count < count {
            let size = min(count - events.count, Limits.page)
            let end = events.first?.id
            let page = try await client.events(filter, after: after, before: end ?? Int(Int32.max), limit: size)
            if let end, let last = page.last, last.id >= end { throw EventFollower.contradiction }
            events = page + events
            if page.count < size { break }
        }
        return events
    }

    private func write(_ events: [EventResource], isFirst: Bool) throws {
        switch table.output.output {
        case .table, .wide:
            let rows = ResourceTables.events(events)
            try StandardOutput.write(isFirst ? table.text(rows) : rows.body(indent: ""))
        case .json: for event in events { try StandardOutput.write(JSONText.line(event.json)) }
        case .yaml: for event in events { try StandardOutput.write("---\n" + YAMLText.text(event.json)) }
        case .name: for event in events { try StandardOutput.write(try ResultNames.lines(event.json)) }
        }
    }
}
