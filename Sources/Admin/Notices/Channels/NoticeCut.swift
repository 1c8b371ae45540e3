import Text

/// Cuts a text that is too long in its middle.
enum NoticeCut {
    /// The text if it fits; otherwise its beginning, a mark, and its end. The beginning says what to do, the end of a log
    /// what has happened. No scalar is cut.
    ///
    /// - Parameters:
    ///   - mark: is between both.
    ///   - cost: what a scalar takes of the room.
    static func fit(_ text: String, in room: Int, mark: String, cost: (Unicode.Scalar) -> Int) -> String {
        let scalars = text.unicodeScalars
        guard scalars.reduce(0, { $0 + cost($1) }) > room else { return text }
        let left = max(0, room - mark.unicodeScalars.reduce(0) { $0 + cost($1) })
        let beginning = taken(from: scalars, left * 2 / 3, cost)
        let end = taken(from: scalars.reversed(), left - left * 2 / 3, cost).reversed()
        return String(String.UnicodeScalarView(beginning)) + mark + String(String.UnicodeScalarView(end))
    }

    private static func taken(
        from scalars: some Sequence<Unicode.Scalar>, _ room: Int, _ cost: (Unicode.Scalar) -> Int
    ) -> [Unicode.Scalar] {
        var left = room
        return Array(
            scalars.prefix { scalar in
                left -= cost(scalar)
                return left >= 0
            })
    }
}
