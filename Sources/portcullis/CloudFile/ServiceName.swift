/// A service's name in its parts: type and index (`tg.3`).
struct ServiceName: Equatable, CustomStringConvertible {
    let type: String
    /// At least 1.
    let index: Int

    /// `nil` when the text is not `TYPE.INDEX` with a canonical decimal index.
    init?(_ text: String) {
        guard let dot = text.lastIndex(of: "."), dot > text.startIndex,
            let index = Int(text[text.index(after: dot)...]), index >= 1,
            String(index) == text[text.index(after: dot)...]
        else { return nil }
        type = String(text[..<dot])
        self.index = index
    }

    var description: String { "\(type).\(index)" }
}
