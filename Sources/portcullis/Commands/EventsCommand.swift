import AdminAPI
import ArgumentParser
import CommandLineSupport

struct EventsCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show who changed what, and when; the newest at the end.")

    @Option(help: ArgumentHelp("Only events after this one.", valueName: "id"))
    var after: Int = 0

    @Option(help: "At most this many, the newest.")
    var limit: Int = 50

    @Flag(help: "Go on showing events as they happen; with --output json one object a line.")
    var follow = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard after >= 0 else { throw ValidationError("--after: \(after) is negative") }
        guard (0...100_000).contains(limit) else { throw ValidationError("--limit: \(limit) is not in 0-100000") }
    }

    func run(_ client: AdminClient) async throws {
        // One at least: --follow goes on from there.
        let newest = try await newest(client, max(limit, 1))
        var last = newest.last?.id ?? after
        let events = Array(newest.suffix(limit))
        guard follow else {
            try output.show(events, asText: ResourceTables.events(events).text)
            return
        }
        try write(events, isFirst: true)
        while true {
            try await Task.sleep(for: .seconds(1))
            let events = try await newer(client, &last)
            if !events.isEmpty { try write(events, isFirst: false) }
        }
    }

    /// The newest events, page by page from the end.
    private func newest(_ client: AdminClient, _ count: Int) async throws -> [EventResource] {
        var events = [EventResource]()
        while events.count < count {
            let size = min(count - events.count, 1_000)
            let page = try await client.events(after: after, before: events.first?.id ?? Int(Int32.max), limit: size)
            events = page + events
            if page.count < size { break }
        }
        return events
    }

    /// Every event after `last`.
    private func newer(_ client: AdminClient, _ last: inout Int) async throws -> [EventResource] {
        var events = [EventResource]()
        var next: Int? = last
        while let after = next {
            let page = try await client.events(after: after, limit: 1_000)
            events += page.events
            last = page.events.last?.id ?? last
            next = page.next
        }
        return events
    }

    private func write(_ events: [EventResource], isFirst: Bool) throws {
        switch output.output {
        case .table:
            let table = ResourceTables.events(events)
            try StandardOutput.write(isFirst ? table.text : table.body(indent: ""))
        case .json:
            for event in events { try StandardOutput.write(try JSONText.line(event)) }
        }
    }
}
