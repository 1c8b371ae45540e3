import AdminAPI
import JSON
import Text

/// The part of a list that a request asks for: the order, a page of it, and members of its elements.
struct PageQuery: Sendable {
    /// As the parameter names it; the first one of the list by default.
    let order: String
    /// `nil`: all elements.
    let limit: Int?
    let after: SortKey?
    /// `nil`: all members.
    let fields: [String]?

    /// - Parameters:
    ///   - orders: the orders of the list, the default first.
    ///   - members: those of an element.
    init(_ request: APIRequest, orders: [String], members: [String]) throws {
        let query = request.query
        let order = query[QueryParameter.sort] ?? orders[0]
        guard Self.allowed(orders).contains(where: order.isExactly) else {
            throw APIProblem.badRequest("?sort", "sort is one of \(Self.allowed(orders).joined(separator: ", ")).")
        }
        self.order = order
        limit =
            query[QueryParameter.limit] == nil
            ? nil : try request.integer(QueryParameter.limit, in: 1...Limits.page, default: 1)
        if let text = query[QueryParameter.after] {
            // A text of the right form that is not one of our cursors: the values cannot be accepted (422).
            guard let cursor = PageCursor(text) else {
                throw APIProblem.invalid([
                    .init(pointer: "?after", detail: "is no cursor; take it from the Link of an answer")
                ])
            }
            guard cursor.list.isExactly(request.route.operation), cursor.order.isExactly(order) else {
                throw APIProblem.invalid([
                    .init(pointer: "?after", detail: "is a cursor of another list or order; begin this one without it")
                ])
            }
            after = cursor.key
        } else {
            after = nil
        }
        fields = try query[QueryParameter.fields].map { text in
            try text.splitBytes(",").map { field in
                guard members.contains(where: { $0.isExactly(field) }) else {
                    throw APIProblem.badRequest(
                        "?fields", "fields are some of \(members.joined(separator: ", ")), with commas between them.")
                }
                return String(field)
            }
        }
    }

    /// Whether it asks for all elements: a patch of a page would not say what comes behind it now.
    var isWhole: Bool { limit == nil && after == nil }

    private var isDescending: Bool { order.hasBytePrefix("-") }

    static func allowed(_ orders: [String]) -> [String] { orders + orders.map { "-\($0)" } }

    /// The page, and the key of its last element if there are more. Cost: one step for each element; only those of
    /// the page are sorted.
    func page<Element>(
        _ elements: some Sequence<Element>, by key: (Element) -> SortKey
    ) -> (elements: [Element], last: SortKey?) {
        let precedes = { (a: SortKey, b: SortKey) in isDescending ? b < a : a < b }
        guard let limit else {
            var all = [(key: SortKey, element: Element)]()
            for element in elements {
                let key = key(element)
                if let after, !precedes(after, key) { continue }
                all.append((key, element))
            }
            return (all.sorted { precedes($0.key, $1.key) }.map(\.element), nil)
        }
        // One more than the page has, to know whether there is a next one.
        var first = [(key: SortKey, element: Element)]()
        for element in elements {
            let key = key(element)
            if let after, !precedes(after, key) { continue }
            if first.count > limit {
                guard precedes(key, first[limit].key) else { continue }
                first.removeLast()
            }
            var (low, high) = (0, first.count)
            while low < high {
                let middle = (low + high) / 2
                if precedes(first[middle].key, key) { low = middle + 1 } else { high = middle }
            }
            first.insert((key, element), at: low)
        }
        return (first.prefix(limit).map(\.element), first.count > limit ? first[limit - 1].key : nil)
    }

    /// The element with the wanted members.
    func selected(_ json: JSONValue) -> JSONValue {
        guard let fields, case .object(let members) = json else { return json }
        return .object(members.filter { member in fields.contains { member.name.isExactly($0) } })
    }
}
