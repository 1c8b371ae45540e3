import CYAML
import Text

/// libyaml's event parser. The text must stay in place during the life of this object.
///
/// Only this type uses the C library. Every event is copied before the next one is read.
final class YAMLEvents {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case scalar(text: String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
        case alias
    }

    struct Event {
        let kind: Kind
        let position: YAMLPosition
        /// Whether a "?" comes immediately before it.
        var followsQuestionMark = false
        var anchor: String?
        var tag: String?
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeBufferPointer<UInt8>
    private let file: String
    /// The number and the byte offset of the last character that was looked up. Events come in order, so the text is
    /// walked over only once.
    private var place = (character: 0, byte: 0)
    private let hasQuestionMarks: Bool

    init(text: UnsafeBufferPointer<UInt8>, file: String) throws(YAMLError) {
        self.text = text
        self.file = file
        hasQuestionMarks = text.contains(UInt8(ascii: "?"))
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError(YAMLPosition(file: file, line: 1, column: 1), "no memory for the YAML parser")
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    func next() throws(YAMLError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        var copy = copy(event)
        copy.followsQuestionMark = hasQuestionMarks && followsQuestionMark(event.start_mark)
        return copy
    }

    private func followsQuestionMark(_ mark: yaml_mark_t) -> Bool {
        if mark.index < place.character { place = (0, 0) }
        while place.character < mark.index, place.byte < text.count {
            place.byte += 1
            while place.byte < text.count, text[place.byte] & 0xC0 == 0x80 { place.byte += 1 }
            place.character += 1
        }
        return place.byte > 0 && text[place.byte - 1] == UInt8(ascii: "?")
    }

    private func copy(_ event: yaml_event_t) -> Event {
        let position = position(event.start_mark)
        switch event.type {
        case YAML_STREAM_START_EVENT: return Event(kind: .streamStart, position: position)
        case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, position: position)
        case YAML_DOCUMENT_END_EVENT: return Event(kind: .documentEnd, position: position)
        case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, position: position)
        case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, position: position)
        case YAML_ALIAS_EVENT:
            return Event(kind: .alias, position: position, anchor: string(event.data.alias.anchor))
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let value = String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return Event(
                kind: .scalar(text: value, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), position: position,
                anchor: string(scalar.anchor), tag: string(scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            let sequence = event.data.sequence_start
            return Event(
                kind: .sequenceStart, position: position, anchor: string(sequence.anchor), tag: string(sequence.tag))
        case YAML_MAPPING_START_EVENT:
            let mapping = event.data.mapping_start
            return Event(
                kind: .mappingStart, position: position, anchor: string(mapping.anchor), tag: string(mapping.tag))
        default:
            return Event(kind: .streamEnd, position: position)
        }
    }

    private func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func position(_ mark: yaml_mark_t) -> YAMLPosition {
        YAMLPosition(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}

// MARK: - libyaml's errors in helpful words

extension YAMLEvents {
    private func failure() -> YAMLError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
        switch parser.pointee.error {
        case YAML_READER_ERROR:
            return unreadable(at: Int(parser.pointee.problem_offset), problem)
        case YAML_MEMORY_ERROR:
            return YAMLError(YAMLPosition(file: file, line: 1, column: 1), "no memory for the YAML parser")
        default:
            return malformed(problem)
        }
    }

    private func malformed(_ problem: String) -> YAMLError {
        let place = position(parser.pointee.problem_mark)
        if isTab(atCharacter: place), Self.complaintsOfTabs.contains(problem) {
            return YAMLError(place, "a tab cannot indent; use spaces")
        }
        if isVariable(atCharacter: place) {
            return YAMLError(place, "a ${...} inside of {} or [] wants double quotes around it")
        }
        if problem == "could not find expected ':'" {
            return YAMLError(position(parser.pointee.context_mark), "no \":\" behind this key")
        }
        var message = Self.clearer[problem] ?? problem
        if let context = parser.pointee.context.map({ String(cString: $0) }),
            context != "while scanning for the next token"
        {
            let start = position(parser.pointee.context_mark)
            let place = start < place ? " that starts at \(start.text(seenFrom: place))" : ""
            message += " (\(context)\(place))"
        }
        return YAMLError(place, message)
    }

    private static let complaintsOfTabs: Set = [
        "found character that cannot start any token", "found a tab character that violates indentation",
        "found a tab character where an indentation space is expected",
    ]

    private static let clearer = [
        "mapping values are not allowed in this context":
            "a \":\" cannot stand here; is the line indented wrongly, or does a text with \": \" lack quotes?",
        "found character that cannot start any token":
            "this character cannot start a value; quote the text if it belongs to it",
        "found incompatible YAML document": "the %YAML directive must name version 1.1 or 1.2",
        "found unexpected end of stream": "the text ends too early",
        "did not find expected key": "expected a key here; is the indentation right?",
        "did not find expected '-' indicator": "expected \"-\" here; is the indentation right?",
        "did not find expected node content": "expected a value here",
        "did not find expected ',' or ']'": "expected \",\" or \"]\"",
        "did not find expected ',' or '}'": "expected \",\" or \"}\"",
        "did not find expected <document start>": "expected \"---\" before another document",
        "block sequence entries are not allowed in this context": "a list entry \"-\" cannot stand here",
    ]

    private func unreadable(at offset: Int, _ problem: String) -> YAMLError {
        let place = YAMLPosition(file: file, ofByte: offset, in: text)
        guard offset < text.count else { return YAMLError(place, "the text ends inside a character (not UTF-8)") }
        guard !problem.hasBytePrefix("control characters") else {
            let number = String(parser.pointee.problem_value, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: max(0, 4 - number.count)) + number
            return YAMLError(place, "the character U+\(padded) cannot stand in a YAML file")
        }
        return YAMLError(place, "not UTF-8 (byte 0x\(String(text[offset], radix: 16, uppercase: true)))")
    }

    private func isTab(atCharacter place: YAMLPosition) -> Bool {
        let index = byte(ofCharacter: place)
        return index < text.count && text[index] == UInt8(ascii: "\t")
    }

    /// Whether the brace of `${` is at this place.
    private func isVariable(atCharacter place: YAMLPosition) -> Bool {
        let index = byte(ofCharacter: place)
        return index > 0 && index < text.count && text[index] == UInt8(ascii: "{")
            && text[index - 1] == UInt8(ascii: "$")
    }

    private func byte(ofCharacter place: YAMLPosition) -> Int {
        var line = 1
        var index = 0
        while line < place.line, index < text.count {
            if text[index] == UInt8(ascii: "\n") { line += 1 }
            index += 1
        }
        var column = 1
        while column < place.column, index < text.count {
            index += 1
            if index < text.count, text[index] & 0xC0 != 0x80 { column += 1 }
        }
        return index
    }
}
