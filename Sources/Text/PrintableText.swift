extension Unicode.Scalar {
    /// Whether it could make a terminal or a reader see something else than the text: control characters, and
    /// characters that change the direction of writing or are invisible.
    public var isDeceptive: Bool {
        // Nearly all text is ASCII.
        if value < 0x7F { return value < 0x20 }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: true
        default: false
        }
    }

    /// `\u{202E}`, or `\n`, `\t`, `\r`.
    public var escaped: String {
        switch self {
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        default: "\\u{\(String(value, radix: 16, uppercase: true))}"
        }
    }
}

extension StringProtocol {
    /// The text for one line of a terminal or a log, with deceptive characters escaped.
    public var printable: String { escaping { _ in true } }

    /// Like `printable`, for text of several lines: line feeds and tabs are kept.
    public var printableLines: String { escaping { ![0x0A, 0x09].contains($0.value) } }

    /// The text with everything except ASCII escaped, for two texts that look the same.
    public var asciiEscaped: String {
        unicodeScalars.map { $0.isASCII ? String($0) : $0.escaped }.joined()
    }

    private func escaping(_ isEscaped: (Unicode.Scalar) -> Bool) -> String {
        guard unicodeScalars.contains(where: { $0.isDeceptive && isEscaped($0) }) else { return String(self) }
        var text = ""
        for scalar in unicodeScalars {
            if scalar.isDeceptive, isEscaped(scalar) {
                text += scalar.escaped
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension StringProtocol {
    /// A name that comes from outside, for a message without quotes around it: what is deceptive is escaped, and it is cut
    /// after a number of code points. The rest of a longer name is not looked at.
    public func shownName(atMost length: Int = 80) -> String {
        let shown = unicodeScalars.prefix(length)
        return String(String.UnicodeScalarView(shown)).printable + (shown.endIndex < endIndex ? "…" : "")
    }

    /// The text in quotes, for a message: what is deceptive, quotes and backslashes are escaped, and it is cut after a
    /// number of code points. The rest of a longer text is not looked at.
    public func printed(atMost length: Int = 64) -> String {
        let shown = unicodeScalars.prefix(length)
        let escaped = shown.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            default: scalar.isDeceptive ? scalar.escaped : String(scalar)
            }
        }
        return "\"\(escaped.joined())\(shown.endIndex < endIndex ? "…" : "")\""
    }
}
