import AdminAPI
import Foundation
import Hummingbird
import JSON
import Registry

extension RouteTable {
    var eventRoutes: [Route] {
        var route = Route.get(
            .events, operation: "listEvents", "What was changed, by whom and when, oldest first",
            query: [
                Route.Parameter(
                    name: QueryParameter.after, summary: "Events with a higher id only",
                    schema: Self.eventID(default: 0)),
                Route.Parameter(
                    name: QueryParameter.before, summary: "The newest events with a lower id, in place of the oldest",
                    schema: Self.eventID(default: nil)),
                .limit(default: 100), .filter(QueryParameter.kind, "Those of a kind of object", ResourceKind.self),
                .filter(QueryParameter.name, "Those of an object; location/name for a pool or an egress rule"),
                .filter(QueryParameter.actor, "Those of an actor: the name of a token"),
                Self.time(QueryParameter.since, "Those of this time or later"),
                Self.time(QueryParameter.until, "Those before this time"),
            ],
            answering: EventPage.form
        ) { request in try await listEvents(request) }
        route.headers.append(.prefer("the page"))
        route.answers = [
            Route.Answer(
                status: .ok, summary: "Events", content: [(MediaType.json, EventPage.form.schema)],
                headers: [.eTag, .vary, .link, .preferenceApplied]), .notModifiedPoll,
        ]
        return [route]
    }

    private func listEvents(_ request: APIRequest) async throws -> Response {
        let ids = 0...Int(Int32.max)
        let after = try request.integer(QueryParameter.after, in: ids, default: 0)
        let before =
            request.query[QueryParameter.before] == nil
            ? nil : try request.integer(QueryParameter.before, in: ids, default: 0)
        let limit = try request.integer(QueryParameter.limit, in: 1...Limits.page, default: 100)
        let filter = EventFilter(
            kind: try request.choice(QueryParameter.kind), name: request.query[QueryParameter.name],
            actor: request.query[QueryParameter.actor], since: try request.time(QueryParameter.since),
            until: try request.time(QueryParameter.until))
        return try await answer(request, of: .events) {
            let (page, hasMore) = try await registry.events(filter, after: after, before: before, limit: limit)
            let next: String? =
                switch (hasMore, before) {
                case (false, _): nil
                case (true, nil):
                    page.events.last.map { request.target(setting: QueryParameter.after, to: "\($0.id)") }
                case (true, _?):
                    page.events.first.map { request.target(setting: QueryParameter.before, to: "\($0.id)") }
                }
            return HeldAnswer(Data(page.jsonBytes), next: next)
        }
    }

    private static func eventID(default number: Int?) -> JSONValue {
        var schema: [JSONValue.Member] = [
            .init(name: "type", value: "integer"), .init(name: "minimum", value: 0),
            .init(name: "maximum", value: .integer(Int(Int32.max))),
        ]
        if let number { schema.append(.init(name: "default", value: .integer(number))) }
        return .object(schema)
    }

    /// A time in the query.
    static func time(_ name: String, _ summary: String) -> Route.Parameter {
        Route.Parameter(name: name, summary: summary, schema: Form<String>.time.schema)
    }
}

extension APIRequest {
    /// A time in the query, in the form of the registry.
    func time(_ name: String) throws -> String? {
        guard let text = query[name] else { return nil }
        guard let date = Timestamp.date(text) else {
            throw APIProblem.badRequest("?\(name)", "\(name) is a time as 2027-01-31T00:00:00Z (RFC 3339).")
        }
        return Timestamp.text(date)
    }
}
