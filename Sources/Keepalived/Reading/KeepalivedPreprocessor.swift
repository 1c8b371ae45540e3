import Text

/// Carries out what makes lines of lines: includes, conditions (`@id`), definitions (`$NAME=`), sequences (`~SEQ`) and
/// lists (`~LST`). All of it is bounded.
struct KeepalivedPreprocessor {
    /// How deep files may include each other, and definitions may stand in each other.
    static let deepest = 32
    /// How many files are read, and how many lines come of them.
    static let mostFiles = 1_000
    static let mostLines = 200_000
    /// The longest line, in bytes, when its definitions are carried out, and all lines together.
    static let longestLine = 65_536
    static let mostBytes = 64 << 20

    let files: KeepalivedFiles
    /// What `@id` is compared with; `nil`: a condition is an error.
    let configurationID: String?
    private(set) var lines: [KeepalivedLine] = []
    private(set) var notes: [KeepalivedNote] = []
    private var definitions: [ExactText: String] = [:]
    private var fileCount = 0
    /// Every line that was looked at, whether or not anything came of it.
    private var workDone = 0
    private var byteCount = 0
    /// The files that are being read, the outermost first.
    private var open: [String] = []

    init(files: KeepalivedFiles, configurationID: String?) {
        self.files = files
        self.configurationID = configurationID
    }

    private struct RawLine {
        let text: Substring
        let place: KeepalivedPlace
    }

    /// Reads a file, with what it includes.
    mutating func read(_ path: String, from place: KeepalivedPlace? = nil) throws(KeepalivedError) {
        let place = place ?? KeepalivedPlace(file: path, line: 1)
        guard !open.contains(where: { $0.isExactly(path) }) else {
            let circle = (open + [path]).map { $0.printed(atMost: 200) }.joined(separator: " includes ")
            throw KeepalivedError(place, "the files include each other: \(circle)")
        }
        fileCount += 1
        guard open.count < Self.deepest else {
            throw KeepalivedError(place, "more than \(Self.deepest) files include each other")
        }
        guard fileCount <= Self.mostFiles else {
            throw KeepalivedError(place, "the configuration has more than \(Self.mostFiles) files")
        }
        let text: String
        switch files.read(path) {
        case .success(let read): text = read
        case .failure(let fault): throw KeepalivedError(place, "\(path.printed(atMost: 200)): \(fault.reason)")
        }
        open.append(path)
        try process(
            text.splitBytes("\n").enumerated().map { number, line in
                RawLine(text: line, place: KeepalivedPlace(file: path, line: number + 1))
            }, depth: 0)
        open.removeLast()
    }

    // MARK: Lines

    private mutating func process(_ raw: [RawLine], depth: Int) throws(KeepalivedError) {
        var index = 0
        while index < raw.count {
            let line = raw[index]
            index += 1
            workDone += 1
            guard workDone <= Self.mostLines else {
                throw KeepalivedError(line.place, "the configuration has more than \(Self.mostLines) lines")
            }
            guard depth <= Self.deepest else {
                throw KeepalivedError(line.place, "definitions stand in each other more than \(Self.deepest) times")
            }
            var text = KeepalivedLine.withoutComment(line.text).withoutSurroundingSpace
            if depth == 0, let pattern = Self.includePattern(text) {
                try include(pattern, from: line.place)
                continue
            }
            var applies = true
            while text.utf8.first == 0x40 {
                let id = text.utf8.dropFirst().prefix { $0 != 0x20 && $0 != 0x09 }
                if !(try isFor(String(Substring(id)), line.place)) { applies = false }
                text = text[id.endIndex...].withoutSurroundingSpace
            }
            if let (name, value) = Self.definition(text) {
                let value = Self.continued(value, raw, &index)
                if applies { definitions[ExactText(name)] = value }
                continue
            }
            guard applies, !text.isEmpty else { continue }
            if text.utf8.first == 0x7E, try repeated(text, line.place, depth) { continue }
            let expanded = try expand(String(text), line.place)
            byteCount += expanded.utf8.count
            guard byteCount <= Self.mostBytes else {
                throw KeepalivedError(line.place, "the configuration has more than \(Self.mostBytes >> 20) MiB")
            }
            if expanded.hasByte("\n") || ["@", "~"].contains(where: expanded.hasBytePrefix)
                || Self.definition(expanded[...]) != nil
            {
                if !expanded.utf8.elementsEqual(text.utf8) {
                    try process(
                        expanded.splitBytes("\n").map { RawLine(text: $0, place: line.place) }, depth: depth + 1)
                    continue
                }
            }
            let result = try KeepalivedLine(expanded, at: line.place)
            if !result.tokens.isEmpty { lines.append(result) }
        }
    }

    /// Whether a line with the condition counts.
    private func isFor(_ word: String, _ place: KeepalivedPlace) throws(KeepalivedError) -> Bool {
        guard let configurationID else {
            throw KeepalivedError(
                place,
                "the line is for \(("@" + word).printed()) alone: say with --config-id which machine's configuration is meant"
            )
        }
        return word.hasBytePrefix("^")
            ? !word.dropFirst().isExactly(configurationID) : word.isExactly(configurationID)
    }

    // MARK: Includes

    /// The pattern of `include conf.d/*.conf` and its variants, which check more.
    private static func includePattern(_ text: Substring) -> String? {
        let words = text.utf8.split { $0 == 0x20 || $0 == 0x09 }.map { String(Substring($0)) }
        guard words.count == 2,
            ["include", "includer", "includem", "includew", "includeb", "includea"].contains(words[0])
        else { return nil }
        return words[1].unquoted ?? words[1]
    }

    private mutating func include(_ pattern: String, from place: KeepalivedPlace) throws(KeepalivedError) {
        let directory = place.file.lastByte("/").map { String(place.file[...$0]) } ?? ""
        let path = pattern.hasBytePrefix("/") ? pattern : directory + pattern
        let found = files.matching(path)
        if found.isEmpty {
            guard pattern.utf8.contains(where: { [0x2A, 0x3F, 0x5B, 0x7B].contains($0) }) else {
                throw KeepalivedError(place, "\(path.printed(atMost: 200)): no such file")
            }
            notes.append(KeepalivedNote(place: place, keyword: "include", reason: "no file matches \(path.printed())"))
        }
        for file in found { try read(file, from: place) }
    }

    // MARK: Definitions

    /// `$NAME=VALUE`
    private static func definition(_ text: Substring) -> (name: String, value: Substring)? {
        guard text.utf8.first == 0x24 else { return nil }
        let name = text.utf8.dropFirst().prefix(while: isNameByte)
        guard let first = name.first, !(0x30...0x39).contains(first), name.endIndex < text.endIndex,
            text.utf8[name.endIndex] == 0x3D
        else { return nil }
        return (String(Substring(name)), text[text.utf8.index(after: name.endIndex)...])
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
    }

    /// The value of a definition with the lines after it, as long as each ends with a backslash.
    private static func continued(_ value: Substring, _ raw: [RawLine], _ index: inout Int) -> String {
        var rest = value.withoutSurroundingSpace
        guard rest.utf8.last == 0x5C else { return String(rest) }
        var lines: [String] = []
        while true {
            let goesOn = rest.utf8.last == 0x5C
            let line = goesOn ? rest.dropLast().withoutSurroundingSpace : rest
            if !line.isEmpty { lines.append(String(line)) }
            guard goesOn else { break }
            // Empty lines do not end a definition.
            repeat {
                guard index < raw.count else { return lines.joined(separator: "\n") }
                rest = KeepalivedLine.withoutComment(raw[index].text).withoutSurroundingSpace
                index += 1
            } while rest.isEmpty
        }
        return lines.joined(separator: "\n")
    }

    /// Replaces `${NAME}`, and `$NAME` before a space, by their values, until there are none. Others stay.
    private func expand(_ text: String, _ place: KeepalivedPlace) throws(KeepalivedError) -> String {
        var text = text
        for _ in 0..<Self.deepest {
            guard let next = try replaced(text, place) else { return text }
            text = next
            guard text.utf8.count <= Self.longestLine else {
                throw KeepalivedError(place, "with its definitions the line has more than \(Self.longestLine) bytes")
            }
        }
        throw KeepalivedError(place, "the line's definitions refer to each other")
    }

    /// The text with the values of its names; `nil` if it has none.
    private func replaced(_ text: String, _ place: KeepalivedPlace) throws(KeepalivedError) -> String? {
        guard text.hasByte("$") else { return nil }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var isChanged = false
        var index = 0
        while index < bytes.count {
            guard bytes[index] == 0x24, index + 1 < bytes.count else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let isBraced = bytes[index + 1] == 0x7B
            let start = isBraced ? index + 2 : index + 1
            let name = bytes[start...].prefix(while: Self.isNameByte)
            let end = name.endIndex
            let isComplete =
                isBraced
                ? end < bytes.count && bytes[end] == 0x7D || name.elementsEqual("_RANDOM".utf8)
                : end == bytes.count || [0x20, 0x09, 0x0A].contains(bytes[end])
            guard isComplete, let value = try value(of: String(decoding: name, as: UTF8.self), place) else {
                result.append(bytes[index])
                index += 1
                continue
            }
            result += value.utf8
            isChanged = true
            index = isBraced ? end + 1 : end
        }
        return isChanged ? String(decoding: result, as: UTF8.self) : nil
    }

    private func value(of name: String, _ place: KeepalivedPlace) throws(KeepalivedError) -> String? {
        if let value = definitions[ExactText(name)] { return value }
        switch name {
        case "_PWD": return place.file.lastByte("/").map { String(place.file[..<$0]) } ?? "."
        case "_HASH": return "#"
        case "_BANG": return "!"
        case "_INSTANCE":
            guard let configurationID else {
                throw KeepalivedError(place, "${_INSTANCE} is the machine's name: say it with --config-id")
            }
            return configurationID
        case "_RANDOM": throw KeepalivedError(place, "${_RANDOM} is another number each time; write one instead")
        default: return nil
        }
    }

    // MARK: Sequences and lists

    /// Processes the rest of a line for each value of `~SEQ(VAR, start, step, end)` or `~LST(VAR, a, b)`. Returns
    /// whether the line is one.
    private mutating func repeated(
        _ text: Substring, _ place: KeepalivedPlace, _ depth: Int
    ) throws(KeepalivedError) -> Bool {
        guard
            let (kind, start) = ["~SEQ(", "~SEQx(", "~LST("].lazy.compactMap({ word in
                text.hasBytePrefix(word) ? (word, text.utf8.index(text.startIndex, offsetBy: word.utf8.count)) : nil
            }).first
        else { return false }
        guard let end = text[start...].firstByte(")") else {
            throw KeepalivedError(place, "\(kind) is not closed on its line")
        }
        let rest = text[text.utf8.index(after: end)...].withoutSurroundingSpace
        let arguments = try expand(String(text[start..<end]), place)
        let rounds = kind == "~LST(" ? try Self.list(arguments, place) : try Self.sequence(arguments, kind, place)
        for round in rounds {
            for (name, value) in round { definitions[ExactText(name)] = value }
            try process([RawLine(text: rest, place: place)], depth: depth + 1)
        }
        return true
    }

    /// What the variables are in each round.
    private typealias Round = [(name: String, value: String)]

    private static func sequence(
        _ text: String, _ kind: String, _ place: KeepalivedPlace
    ) throws(KeepalivedError) -> [Round] {
        let parts = text.splitBytes(",").map { String($0.withoutSurroundingSpace) }
        let numbers = parts.dropFirst().map { integer($0) }
        guard let name = parts.first, isName(name), (1...3).contains(numbers.count), !numbers.contains(nil) else {
            throw KeepalivedError(
                place, "\(kind)\(text.printable)): expected a variable, and up to three numbers: start, step, end")
        }
        let values = numbers.compactMap(\.self)
        let end = values[values.count - 1]
        let start = values.count > 1 ? values[0] : end < 0 ? -1 : 1
        let step = values.count > 2 ? values[1] : end < start ? -1 : 1
        guard step != 0 else { throw KeepalivedError(place, "the step of \(kind)…) is 0") }
        guard abs(end - start) / abs(step) < mostLines else {
            throw KeepalivedError(place, "\(kind)…) makes more than \(mostLines) lines")
        }
        return stride(from: start, through: end, by: step).map { number in
            [(name, kind == "~SEQx(" ? String(number, radix: 16) : "\(number)")]
        }
    }

    /// `VAR, a, b`, or `{A, B}, {1, 2}, {3, 4}`.
    private static func list(_ text: String, _ place: KeepalivedPlace) throws(KeepalivedError) -> [Round] {
        var items: [[String]] = []
        var rest = text[...].withoutSurroundingSpace
        while !rest.isEmpty {
            var item: Substring
            if rest.utf8.first == 0x7B, let end = rest.firstByte("}") {
                item = rest[rest.utf8.index(after: rest.startIndex)..<end]
                items.append(item.splitBytes(",").map { String($0.withoutSurroundingSpace) })
                rest = rest[rest.utf8.index(after: end)...].withoutSurroundingSpace
            } else {
                item = rest[..<(rest.firstByte(",") ?? rest.endIndex)]
                items.append([String(item.withoutSurroundingSpace)])
                rest = rest[item.endIndex...]
            }
            if rest.utf8.first == 0x2C { rest = rest.dropFirst().withoutSurroundingSpace }
        }
        guard let names = items.first, names.allSatisfy(isName), items.count > 1,
            items.allSatisfy({ $0.count == names.count })
        else {
            throw KeepalivedError(
                place, "~LST(\(text.printable)): expected variables, and as many values in each round")
        }
        return items.dropFirst().map { values in zip(names, values).map { ($0, $1) } }
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.first.map { !(0x30...0x39).contains($0) } ?? false && text.utf8.allSatisfy(isNameByte)
    }

    /// A number of up to nine digits, decimal or after `0x` hexadecimal.
    private static func integer(_ text: String) -> Int? {
        guard text.utf8.count <= 10 else { return nil }
        let isNegative = text.hasBytePrefix("-")
        let digits = isNegative ? text.dropFirst() : text[...]
        let number = digits.hasBytePrefix("0x") ? Int(digits.dropFirst(2), radix: 16) : Int(digits)
        return number.flatMap { $0 < 0 ? nil : isNegative ? -$0 : $0 }
    }
}
