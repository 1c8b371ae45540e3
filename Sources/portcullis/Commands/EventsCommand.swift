import AdminAPI
import ArgumentParser
import CommandLineSupport

struct EventsCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show who changed what, and when; the newest comes last.",
        discussion: """
            With --follow, it goes on after a restart of ADMIN. If the registry was replaced by an older one, it says \
            so and goes on with the first event that differs.
            """)

    @Option(help: ArgumentHelp("Only events after this one.", valueName: "id"))
    var after: Int = 0

    @Option(help: "Show at most this many of the newest events.")
    var limit: Int = 50

    @Flag(help: "Go on showing events as they happen; --output json prints one object per line.")
    var follow = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard after >= 0 else { throw ValidationError("--after: \(after) is negative") }
        guard (0...100_000).contains(limit) else { throw ValidationError("--limit: \(limit) is not in 0-100000") }
    }

    func run(_ client: AdminResources) async throws {
        // At least one, since --follow continues from there.
        let newest = try await newest(client, max(limit, 1))
        let events = Array(newest.suffix(limit))
        guard follow else {
            try output.show(events, asText: ResourceTables.events(events).text)
            return
        }
        try write(events, isFirst: true)
        var history = EventHistory(after: after, newest)
        var isAway = false
        while true {
            try await Task.sleep(for: .seconds(1))
            do {
                let events = try await newer(client, &history)
                if isAway { StandardError.write("Note: ADMIN answers again.") }
                isAway = false
                if !events.isEmpty { try write(events, isFirst: false) }
            } catch let error as CommandError where error.isTransient {
                if !isAway { StandardError.write("Note: \(error.message); waiting for it.") }
                isAway = true
            }
        }
    }

    /// The newest events, page by page from the end.
    private func newest(_ client: AdminResources, _ count: Int) async throws -> [EventResource] {
        var events = [EventResource]()
        while events.count < count {
            let size = min(count - events.count, 1_000)
            let page = try await client.events(after: after, before: events.first?.id ?? Int(Int32.max), limit: size)
            events = page + events
            if page.count < size { break }
        }
        return events
    }

    /// Every event that was not shown yet.
    private func newer(_ client: AdminResources, _ history: inout EventHistory) async throws -> [EventResource] {
        var events = [EventResource]()
        while true {
            // The last event that was shown is requested again, to notice if it no longer exists.
            let page = try await client.events(after: history.start, limit: 1_000)
            if let more = history.add(page.events) {
                events += more
                guard page.next != nil else { return events }
            } else {
                let newest = try await client.events(after: 0, before: Int(Int32.max), limit: 1_000)
                events += history.replace(by: newest)
                StandardError.write(
                    "Note: the registry is another than before, as after a restore; its events go on after "
                        + "\(history.parting).")
            }
        }
    }

    private func write(_ events: [EventResource], isFirst: Bool) throws {
        switch output.output {
        case .table:
            let table = ResourceTables.events(events)
            try StandardOutput.write(isFirst ? table.text : table.body(indent: ""))
        case .json:
            for event in events { try StandardOutput.write(JSONText.line(event.json)) }
        }
    }
}
