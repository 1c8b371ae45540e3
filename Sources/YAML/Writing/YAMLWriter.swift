import Text

extension YAMLNode {
    /// The node as YAML text: in block style, with keys in their order, and a line feed at the end.
    ///
    /// Readers of YAML 1.1 and 1.2 read it as the same value: texts and keys that either version would take for
    /// something else are quoted, and numbers have a form that both know.
    ///
    /// - Parameter hasBlockTexts: whether texts of several lines are written as they are, as literal block scalars
    ///   (`|`), where that keeps every byte of them; otherwise they are quoted.
    public func yamlText(hasBlockTexts: Bool = false) -> String {
        var writer = YAMLWriter(hasBlockTexts: hasBlockTexts)
        writer.write(self, indentation: 0, after: .lineStart)
        return writer.text
    }
}

/// Writes nodes in block style.
private struct YAMLWriter {
    let hasBlockTexts: Bool
    var text = ""

    init(hasBlockTexts: Bool) { self.hasBlockTexts = hasBlockTexts }

    /// What comes before a node on its line.
    enum Place {
        case lineStart, dash, key
    }

    mutating func write(_ node: YAMLNode, indentation: Int, after place: Place) {
        if let tag = node.tag {
            if place != .lineStart { text += " " }
            text += tag
        }
        // A node with a tag needs a line of its own, like one after a key.
        let place = node.tag == nil ? place : .key
        switch node.content {
        case .scalar(let scalar):
            if place != .lineStart { text += " " }
            // A block's lines are indented by at least one space, also at the outermost level.
            let block = hasBlockTexts ? scalar.blockText(indentation: max(indentation, Self.step)) : nil
            text += block ?? scalar.yamlText + "\n"
        case .sequence(let items) where items.isEmpty:
            text += place == .lineStart ? "[]\n" : " []\n"
        case .mapping(let pairs) where pairs.isEmpty:
            text += place == .lineStart ? "{}\n" : " {}\n"
        case .sequence(let items):
            writeLines(of: items, indentation: indentation, after: place) { writer, item in
                writer.text += "-"
                writer.write(item, indentation: indentation + Self.step, after: .dash)
            }
        case .mapping(let pairs):
            writeLines(of: pairs, indentation: indentation, after: place) { writer, pair in
                let key = YAMLScalar(text: pair.key.text, isPlain: true).keyText
                writer.text += key.utf8.count > 1000 ? "? \(key)\n" + Self.spaces(indentation) + ":" : "\(key):"
                writer.write(pair.value, indentation: indentation + Self.step, after: .key)
            }
        }
    }

    /// The first line continues after a dash; the others begin with the indentation.
    private mutating func writeLines<Element>(
        of elements: [Element], indentation: Int, after place: Place, _ write: (inout Self, Element) -> Void
    ) {
        if place == .key { text += "\n" }
        if place == .dash { text += " " }
        for (index, element) in elements.enumerated() {
            if index > 0 || place == .key { text += Self.spaces(indentation) }
            write(&self, element)
        }
    }

    /// How many spaces each level is indented further.
    fileprivate static let step = 2

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}

extension YAMLScalar {
    /// A text without quotes if no reader takes it for something else, otherwise in double quotes; a number in
    /// canonical form.
    fileprivate var yamlText: String {
        switch resolved {
        case .null: text.isEmpty ? "null" : text
        case .boolean: text
        case .integer(let number): String(number)
        case .number(let number): Self.canonical(number)
        case .string: keyText
        }
    }

    /// Like `yamlText`, for keys, which are always text.
    fileprivate var keyText: String { isSafeBare && !mayBeOtherThanText ? text : doubleQuoted }

    /// Whether the text has only characters without a special meaning in YAML. Cautious rather than complete.
    private var isSafeBare: Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= 500 else { return false }
        let isLetterOrDigit = { (byte: UInt8) in
            byte >= 0x30 && byte <= 0x39 || byte >= 0x41 && byte <= 0x5A || byte >= 0x61 && byte <= 0x7A
        }
        guard isLetterOrDigit(first) || "/._$+~".utf8.contains(first) || first == 0x2D && text.utf8.count > 1 else {
            return false
        }
        guard text != "...", !text.hasBytePrefix("---"), last != UInt8(ascii: " ") else { return false }
        let inner = Set(" ./_-+$~=@%*".utf8)
        var previous: UInt8 = 0
        for byte in text.utf8 {
            // "- x" and the like begin something else.
            if byte == UInt8(ascii: " "), previous == UInt8(ascii: "-") || previous == UInt8(ascii: " ") {
                return false
            }
            guard isLetterOrDigit(byte) || inner.contains(byte) else { return false }
            previous = byte
        }
        return true
    }

    private var doubleQuoted: String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default: quoted += Self.escape(scalar.value)
            }
        }
        return quoted + "\""
    }

    private static func escape(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        let (letter, width) = value <= 0xFF ? ("x", 2) : value <= 0xFFFF ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: width - digits.count) + digits
    }
}
