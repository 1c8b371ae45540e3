import Text

/// Finds where the statements of a file begin and end, as psql and SQLite do. It understands quotes, comments and
/// parentheses, and nothing of the statements between them.
struct SQLScanner {
    /// A statement that was found.
    struct Found {
        /// From its first word to before the semicolon.
        let range: Range<Int>
        /// Its first words outside parentheses.
        let words: [SQLWord]
    }

    /// How many words of a statement are kept.
    private static let mostWords = 40

    private let bytes: UnsafeBufferPointer<UInt8>
    private let engine: DatabaseEngine
    private var at = 0
    private var start: Int?
    private var words: [SQLWord] = []
    private var parentheses = 0
    /// In how many blocks of a function's or trigger's body the place is.
    private var blocks = 0
    /// Of a trigger's body: whether the last word ended a statement of it, or is the END behind that.
    private var trigger = Trigger.none

    private enum Trigger { case none, body, afterSemicolon, afterEnd }

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ engine: DatabaseEngine) {
        self.bytes = bytes
        self.engine = engine
    }

    /// Calls `body` with each statement.
    mutating func scan(_ body: (Found) throws(ScriptFault) -> Void) throws(ScriptFault) {
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case 0x09...0x0D, 0x20: at += 1
            case UInt8(ascii: "-") where next == UInt8(ascii: "-"): skipLine()
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"): try skipComment()
            case UInt8(ascii: "'"): try skipString(hasEscapes: false)
            case UInt8(ascii: "\""): try takeQuoted(byte)
            case UInt8(ascii: "`") where engine == .sqlite: try takeQuoted(byte)
            case UInt8(ascii: "[") where engine == .sqlite: try takeQuoted(UInt8(ascii: "]"))
            case UInt8(ascii: "$") where engine == .postgresql: try skipDollarQuote()
            case UInt8(ascii: "\\") where engine == .postgresql: throw metaCommand()
            case UInt8(ascii: ".") where engine == .sqlite && start == nil: throw metaCommand()
            case UInt8(ascii: "("):
                begin()
                parentheses += 1
                at += 1
            case UInt8(ascii: ")"):
                begin()
                parentheses = max(0, parentheses - 1)
                at += 1
            case UInt8(ascii: ";"):
                if isInside {
                    if trigger != .none { trigger = .afterSemicolon }
                    at += 1
                } else {
                    try end(body)
                    at += 1
                }
            case _ where Self.beginsWord(byte): try takeWord()
            case 0x30...0x39: skipNumber()
            default:
                begin()
                if words.count < Self.mostWords, parentheses == 0 { words.append(SQLWord(text(at..<at + 1))) }
                if trigger != .none { trigger = .body }
                at += 1
            }
        }
        try end(body)
    }

    private var next: UInt8? { at + 1 < bytes.count ? bytes[at + 1] : nil }

    /// Whether a semicolon here ends no statement of the file.
    private var isInside: Bool {
        switch trigger {
        case .none: parentheses > 0 || blocks > 0
        case .body, .afterSemicolon: true
        case .afterEnd: false
        }
    }

    private mutating func begin() { if start == nil { start = at } }

    private mutating func end(_ body: (Found) throws(ScriptFault) -> Void) throws(ScriptFault) {
        if let start { try body(Found(range: start..<at, words: words)) }
        start = nil
        words = []
        parentheses = 0
        blocks = 0
        trigger = .none
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private func metaCommand() -> ScriptFault {
        var end = at + 1
        while end < bytes.count, bytes[end] > 0x20, end < at + 30 { end += 1 }
        let (program, remedy) =
            engine == .postgresql
            ? (
                "psql",
                "write it in SQL; of a dump, --schema-only --inserts has none but \\restrict, which can be removed"
            )
            : ("the sqlite3 shell", "write it in SQL")
        return ScriptFault(
            offset: at, message: "\(text(at..<end).printed()) is a command of \(program), not SQL: \(remedy)")
    }

    private mutating func skipLine() {
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
    }

    private mutating func skipComment() throws(ScriptFault) {
        let opened = at
        var depth = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
                at += 2
                depth -= 1
                if depth == 0 { return }
            } else if bytes[at] == UInt8(ascii: "/"), next == UInt8(ascii: "*"), depth == 0 || engine == .postgresql {
                at += 2
                depth += 1
            } else {
                at += 1
            }
        }
        // SQLite takes a comment that the end of the file ends.
        guard engine == .sqlite else { throw ScriptFault(offset: opened, message: "the comment has no end") }
    }

    private mutating func skipString(hasEscapes: Bool) throws(ScriptFault) {
        begin()
        let opened = at
        at += 1
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\\") where hasEscapes: at += 2
            case UInt8(ascii: "'") where next == UInt8(ascii: "'"): at += 2
            case UInt8(ascii: "'"):
                at += 1
                return
            default: at += 1
            }
        }
        throw ScriptFault(offset: opened, message: "the quote ' is not closed")
    }

    private mutating func takeQuoted(_ close: UInt8) throws(ScriptFault) {
        begin()
        let opened = at
        at += 1
        while at < bytes.count {
            guard bytes[at] == close else {
                at += 1
                continue
            }
            if next == close, close != UInt8(ascii: "]") {
                at += 2
                continue
            }
            at += 1
            if words.count < Self.mostWords, parentheses == 0 {
                words.append(SQLWord(text(opened + 1..<at - 1), isQuoted: true))
            }
            return
        }
        throw ScriptFault(offset: opened, message: "the quote \(text(opened..<opened + 1)) is not closed")
    }

    /// `$$…$$`, `$tag$…$tag$`, or a `$` that opens nothing.
    private mutating func skipDollarQuote() throws(ScriptFault) {
        begin()
        let opened = at
        var end = at + 1
        if end < bytes.count, Self.beginsWord(bytes[end]) {
            while end < bytes.count, Self.beginsWord(bytes[end]) || (0x30...0x39).contains(bytes[end]) { end += 1 }
        }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else {
            at += 1
            return
        }
        let tag = bytes[opened...end]
        at = end + 1
        while at + tag.count <= bytes.count {
            if bytes[at] == UInt8(ascii: "$"), bytes[at..<at + tag.count].elementsEqual(tag) {
                at += tag.count
                return
            }
            at += 1
        }
        throw ScriptFault(offset: opened, message: "the quote \(text(opened..<end + 1)) is not closed")
    }

    private mutating func skipNumber() {
        begin()
        while at < bytes.count, Self.beginsWord(bytes[at]) || (0x30...0x39).contains(bytes[at]) || bytes[at] == 0x2E {
            at += 1
        }
        if trigger != .none { trigger = .body }
    }

    private mutating func takeWord() throws(ScriptFault) {
        begin()
        let from = at
        while at < bytes.count,
            Self.beginsWord(bytes[at]) || (0x30...0x39).contains(bytes[at]) || bytes[at] == UInt8(ascii: "$")
        {
            at += 1
        }
        if engine == .postgresql, at - from == 1, bytes[from] | 0x20 == UInt8(ascii: "e"), at < bytes.count,
            bytes[at] == UInt8(ascii: "'")
        {
            return try skipString(hasEscapes: true)
        }
        let isBlockWord = at - from >= 3 && at - from <= 5
        guard (words.count < Self.mostWords && parentheses == 0) || isBlockWord else {
            if trigger != .none { trigger = .body }
            return
        }
        let word = SQLWord(text(from..<at))
        if words.count < Self.mostWords, parentheses == 0 { words.append(word) }
        follow(word)
    }

    /// Follows where a body begins and ends whose statements have semicolons of their own.
    private mutating func follow(_ word: SQLWord) {
        switch engine {
        case .postgresql:
            guard parentheses == 0, isRoutine else { return }
            if word.isKeyword("BEGIN") || (blocks > 0 && word.isKeyword("CASE")) { blocks += 1 }
            if blocks > 0, word.isKeyword("END") { blocks -= 1 }
        case .sqlite:
            if trigger == .none {
                if isTrigger, parentheses == 0, word.isKeyword("BEGIN") { trigger = .body }
            } else {
                trigger = trigger == .afterSemicolon && word.isKeyword("END") ? .afterEnd : .body
            }
        }
    }

    /// Whether the statement makes a function or a procedure, whose body may be `BEGIN ATOMIC … END`.
    private var isRoutine: Bool {
        guard words.first?.isKeyword("CREATE") == true else { return false }
        let index = words.count > 2 && words[1].isKeyword("OR") && words[2].isKeyword("REPLACE") ? 3 : 1
        return words.count > index && (words[index].isKeyword("FUNCTION") || words[index].isKeyword("PROCEDURE"))
    }

    private var isTrigger: Bool {
        words.first?.isKeyword("CREATE") == true && words.prefix(3).contains { $0.isKeyword("TRIGGER") }
    }

    private static func beginsWord(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x5F || byte >= 0x80
    }
}
