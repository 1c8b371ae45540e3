import Text

/// A line of words and braces, as it is when includes, conditions and definitions are carried out.
struct KeepalivedLine: Equatable {
    enum Token: Equatable {
        case word(String)
        case open, close
    }

    let tokens: [Token]
    let place: KeepalivedPlace

    /// Splits a line into words. Quotes join what is between them to the word around; a brace outside of quotes stands
    /// by itself, but for that of `${NAME}`.
    init(_ text: String, at place: KeepalivedPlace) throws(KeepalivedError) {
        var splitter = WordSplitter(text: text, place: place)
        tokens = try splitter.split()
        self.place = place
    }

    /// The line without its comment, which begins with `#` or `!` outside of quotes.
    static func withoutComment(_ text: Substring) -> Substring {
        var quote: UInt8?
        var isEscaped = false
        for index in text.utf8.indices {
            let byte = text.utf8[index]
            if isEscaped {
                isEscaped = false
            } else if byte == 0x5C {
                isEscaped = true
            } else if let open = quote {
                if byte == open { quote = nil }
            } else if byte == 0x22 || byte == 0x27 {
                quote = byte
            } else if byte == 0x23 || byte == 0x21 {
                return text[..<index]
            }
        }
        return text
    }
}

/// Splits a line into words and braces.
private struct WordSplitter {
    private let bytes: [UInt8]
    private let place: KeepalivedPlace
    private var index = 0
    private var tokens: [KeepalivedLine.Token] = []
    /// The word that is being read; `nil` between words. A word may be empty: `""`.
    private var word: [UInt8]?

    init(text: String, place: KeepalivedPlace) {
        bytes = Array(text.utf8)
        self.place = place
    }

    mutating func split() throws(KeepalivedError) -> [KeepalivedLine.Token] {
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case 0x20, 0x09, 0x0D: endWord()
            case 0x22, 0x27: try quoted(byte)
            case 0x5C: escape()
            case 0x24 where index < bytes.count && bytes[index] == 0x7B: reference()
            case 0x7B:
                endWord()
                tokens.append(.open)
            case 0x7D:
                endWord()
                tokens.append(.close)
            default: word = (word ?? []) + [byte]
            }
        }
        endWord()
        return tokens
    }

    private mutating func endWord() {
        if let word { tokens.append(.word(String(decoding: word, as: UTF8.self))) }
        word = nil
    }

    private mutating func quoted(_ quote: UInt8) throws(KeepalivedError) {
        word = word ?? []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == quote { return }
            if byte == 0x5C { escape() } else { word?.append(byte) }
        }
        throw KeepalivedError(place, "a quote is not closed on its line")
    }

    /// A name that no definition has replaced stays as it is.
    private mutating func reference() {
        let end = bytes[index...].firstIndex(of: 0x7D) ?? bytes.count - 1
        word = (word ?? []) + [0x24] + bytes[index...end]
        index = end + 1
    }

    /// What follows a backslash: a control character, up to three octal or any hexadecimal digits, or itself.
    private mutating func escape() {
        guard index < bytes.count else { return }
        let byte = bytes[index]
        index += 1
        let controls: [UInt8: UInt8] = [
            UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "E"): 27, UInt8(ascii: "f"): 12,
            UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11,
        ]
        var value = controls[byte] ?? byte
        if byte == UInt8(ascii: "x") {
            value = number(most: 2, radix: 16) ?? byte
        } else if (0x30...0x37).contains(byte) {
            index -= 1
            value = number(most: 3, radix: 8) ?? byte
        } else if byte == UInt8(ascii: "c"), index < bytes.count {
            value = bytes[index] & 0x1F
            index += 1
        }
        word = (word ?? []) + [value]
    }

    private mutating func number(most: Int, radix: Int) -> UInt8? {
        let digits = bytes[index...].prefix(most).prefix {
            Int(String(UnicodeScalar($0)), radix: radix) != nil
        }
        guard !digits.isEmpty else { return nil }
        index += digits.count
        return Int(String(decoding: digits, as: UTF8.self), radix: radix).map { UInt8(truncatingIfNeeded: $0) }
    }
}
