import JSON

/// What elements of a list are sorted by: several values, the first that differs counts. No two elements of a list have
/// the same key.
struct SortKey: Hashable, Comparable, Sendable {
    enum Part: Hashable, Comparable, Sendable {
        case number(Int)
        case text(String)
    }

    var parts: [Part]

    init(_ parts: Part...) { self.parts = parts }

    private init(parts: [Part]) { self.parts = parts }

    static func < (a: Self, b: Self) -> Bool {
        for (one, other) in zip(a.parts, b.parts) where one != other { return one < other }
        return a.parts.count < b.parts.count
    }
}

// MARK: In a cursor

extension SortKey {
    var json: JSONValue {
        .array(
            parts.map { part in
                switch part {
                case .number(let number): .integer(number)
                case .text(let text): .string(text)
                }
            })
    }

    init?(_ json: JSONValue) {
        guard case .array(let values) = json else { return nil }
        let parts = values.compactMap { value -> Part? in
            switch value {
            case .integer(let number): .number(number)
            case .string(let text): .text(text)
            default: nil
            }
        }
        guard parts.count == values.count else { return nil }
        self.init(parts: parts)
    }
}
