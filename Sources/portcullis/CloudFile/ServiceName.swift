import Text

/// A service's name in its parts: type and index (`tg.3`).
struct ServiceName: Equatable, CustomStringConvertible {
    let type: String
    /// At least 1.
    let index: Int

    /// `nil` when the text is not `TYPE.INDEX` with a canonical decimal index.
    init?(_ text: String) {
        guard let dot = text.lastByte("."), dot > text.startIndex,
            let index = Int(text[text.utf8.index(after: dot)...]), index >= 1,
            text[text.utf8.index(after: dot)...].isExactly(String(index))
        else { return nil }
        type = String(text[..<dot])
        self.index = index
    }

    var description: String { "\(type).\(index)" }
}
