import AdminAPI
import Foundation
import HTTPTypes
import HummingbirdCore
import JSON
import Registry
import ServiceSupport
import Text

/// A list of resources that is filtered, sorted, read by the page, and held until it differs, of which then only that is
/// sent which has changed: one description for all of that, and for `/openapi.json`.
struct ResourceList<Element: Sendable, Resource: Described>: Sendable {
    /// An order by name, and the key of an element in it.
    struct Order: Sendable {
        let name: String
        let key: @Sendable (Element) -> SortKey
    }

    let path: APIPath
    let operation: String
    let summary: String
    let thing: ListedThing
    /// The name of an element, which no other element of the list has.
    let name: @Sendable (Element) -> String
    let filters: [Route.Parameter]
    /// The default first.
    let orders: [Order]
    /// Members that change all the time: the list has a weak ETag, for which they do not count.
    var restless: [String] = []
    /// What counts for the ETag in the place of the restless members.
    var remainder: @Sendable (Element) -> Int = { _ in 0 }
    /// The elements that the filters let through.
    let elements: @Sendable (APIRequest) async throws -> [Element]
    let resource: @Sendable (Element) -> Resource

    /// The members of a resource.
    private var members: [String] {
        guard case .object(let schema)? = Resource.form.component?.schema["properties"] else { return [] }
        return schema.map(\.name)
    }

    /// The list's GET.
    func route(in table: RouteTable) -> Route {
        let names = orders.map(\.name)
        let whole = [Resource].form.schema
        var route = Route.get(
            path, operation: operation, summary,
            query: filters + [.limit(), .after, .sort(names), .fields(members)], answering: [Resource].form,
            problems: [.unprocessableContent]
        ) { request in
            let query = try PageQuery(request, orders: names, members: members)
            return try await table.answer(request, of: thing, changesWithTime: !restless.isEmpty) {
                try await answer(request, query)
            }
        }
        route.headers += [.prefer("the list"), .manipulations]
        route.answers = [
            Route.Answer(
                status: .ok, summary: summary,
                content: [
                    (MediaType.json, ["anyOf": [whole, ["type": "array", "items": ["type": "object"]]]])
                ], headers: [.eTag, .vary, .link, .preferenceApplied]), .changedElements, .notModifiedPoll,
        ]
        return route
    }

    private func answer(_ request: APIRequest, _ query: PageQuery) async throws -> HeldAnswer {
        let elements = try await elements(request)
        return try await BlockingWork.run {
            let name = query.order.hasBytePrefix("-") ? String(query.order.dropFirst()) : query.order
            let order = orders.first { $0.name.isExactly(name) } ?? orders[0]
            let (page, last) = query.page(elements, by: order.key)
            let shown = page.map { resource($0).json }
            let text = ListText(
                zip(page, shown).map { (name: self.name($0), json: query.selected($1)) }, restless: restless)
            let next = last.map { key in
                request.target(
                    setting: QueryParameter.after,
                    to: PageCursor(list: operation, order: query.order, key: key).text)
            }
            let list = query.isWhole ? text : nil
            guard !restless.isEmpty else { return HeldAnswer(text.bytes, list: list, next: next) }
            let counted = zip(page, shown).map { element, json -> JSONValue in
                [.integer(remainder(element)), query.selected(json.without(restless))]
            }
            return HeldAnswer(
                text.bytes, counting: Data(JSONValue.array(counted).description.utf8), list: list, next: next)
        }
    }
}

extension APIRequest {
    /// The request's target with another value of one parameter. Parameters stand in the order of the description.
    func target(setting name: String, to value: String) -> String {
        var query = query
        query[name] = value
        let pairs = route.query.compactMap { parameter in
            query[parameter.name].map { "\(parameter.name)=\(APIPath.encoded($0))" }
        }
        return request.uri.path + "?" + pairs.joined(separator: "&")
    }

    /// Whether a filter of the query lets a value through; one that is not given lets all through.
    func allows(_ parameter: String, _ value: @autoclosure () -> String?) -> Bool {
        guard let wanted = query[parameter] else { return true }
        return value().map { wanted.isExactly($0) } ?? false
    }

    /// A word of an enumeration in the query.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String, of type: Value.Type = Value.self
    ) throws -> Value? {
        guard let text = query[name] else { return nil }
        guard let value = Value(rawValue: text) else {
            let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIProblem.badRequest("?\(name)", "\(name) is one of \(words).")
        }
        return value
    }
}

extension Route.Parameter {
    static func limit(default number: Int? = nil) -> Self {
        var schema: [JSONValue.Member] = [
            .init(name: "type", value: "integer"), .init(name: "minimum", value: 1),
            .init(name: "maximum", value: .integer(Limits.page)),
        ]
        if let number { schema.append(.init(name: "default", value: .integer(number))) }
        return Self(
            name: QueryParameter.limit,
            summary: "Elements of a page; the header Link names the next page, if there is one",
            schema: .object(schema))
    }

    static let after = Self(
        name: QueryParameter.after, summary: "The cursor of a page, as the header Link names it",
        schema: ["type": "string", "pattern": "^[A-Za-z0-9_-]*$"])

    static func sort(_ orders: [String]) -> Self {
        Self(
            name: QueryParameter.sort, summary: "The order; with - before it, the reverse",
            schema: [
                "type": "string", "enum": .array(PageQuery.allowed(orders).map { .string($0) }),
                "default": .string(orders[0]),
            ])
    }

    static func fields(_ members: [String]) -> Self {
        let one = "(\(members.joined(separator: "|")))"
        return Self(
            name: QueryParameter.fields, summary: "The members of each element to return, with commas between them",
            schema: ["type": "string", "pattern": .string("^\(one)(,\(one))*$")])
    }

    /// A filter by a text.
    static func filter(_ name: String, _ summary: String) -> Self {
        Self(name: name, summary: summary, schema: ["type": "string"])
    }

    /// A filter by a word of an enumeration.
    static func filter<Value: RawRepresentable<String> & CaseIterable & SendableMetatype>(
        _ name: String, _ summary: String, _ type: Value.Type
    ) -> Self where Value: Sendable {
        Self(name: name, summary: summary, schema: Form<Value>.choice.schema)
    }

    static let link = Self(
        name: APIHeader.link, summary: "<target>; rel=\"next\": the next page (RFC 8288); absent from the last",
        schema: ["type": "string"])
}
