import Text

/// What a JSON text is made into while it is read. Each part comes with its text, byte by byte.
protocol JSONAssembly {
    associatedtype Value
    associatedtype Member

    /// The deepest nesting of arrays and objects that is read.
    static var maximumDepth: Int { get }
    /// The most values that are read.
    static var maximumValues: Int { get }
    /// Whether an object may have a name twice.
    static var takesNamesTwice: Bool { get }

    /// `true`, `false`, `null`.
    static func word(_ value: JSONValue, _ text: ArraySlice<UInt8>) -> Value
    /// - Parameter isPlain: whether it has neither a fraction nor an exponent.
    /// - Returns: `nil` for one that is too large.
    static func number(_ text: ArraySlice<UInt8>, isPlain: Bool) -> Value?
    static func string(_ content: String, _ text: ArraySlice<UInt8>) -> Value
    static func array(_ elements: [Value]) -> Value
    static func member(_ name: String, _ text: ArraySlice<UInt8>, _ value: Value) -> Member
    static func object(_ members: [Member]) -> Value
}

/// Reads JSON text (RFC 8259) strictly: UTF-8 only, nesting and the number of values bounded.
struct JSONReader<Assembly: JSONAssembly> {
    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0
    private var values = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The value that is the whole of `bytes`.
    static func read(_ bytes: [UInt8]) throws(JSONError) -> Assembly.Value {
        var reader = JSONReader(bytes)
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            reader.index = error.byteOffsets.lowerBound
            throw reader.error("the text is not UTF-8")
        }
        reader.skipSpace()
        let value = try reader.value()
        reader.skipSpace()
        guard reader.index == bytes.count else { throw reader.error("nothing may follow the value") }
        return value
    }

    private func error(_ message: String, isWellFormed: Bool = false) -> JSONError {
        let before = bytes[..<min(index, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONError(line: line, column: before.count - start + 1, message: message, isWellFormed: isWellFormed)
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func value() throws(JSONError) -> Assembly.Value {
        values += 1
        guard values <= Assembly.maximumValues else {
            throw error("more than \(Assembly.maximumValues) values", isWellFormed: true)
        }
        let start = index
        switch current {
        case nil: throw error("the text ends where a value is expected")
        case UInt8(ascii: "{"): return try nested { reader throws(JSONError) in try reader.object() }
        case UInt8(ascii: "["): return try nested { reader throws(JSONError) in try reader.array() }
        case UInt8(ascii: "\""):
            let content = try string()
            return Assembly.string(content, bytes[start..<index])
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func nested(
        _ read: (inout Self) throws(JSONError) -> Assembly.Value
    ) throws(JSONError) -> Assembly.Value {
        depth += 1
        guard depth <= Assembly.maximumDepth else {
            throw error("nested deeper than \(Assembly.maximumDepth) levels", isWellFormed: true)
        }
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> Assembly.Value {
        let start = index
        let expected = text.description.utf8
        guard bytes[index...].starts(with: expected) else { throw error("unexpected text") }
        index += expected.count
        return Assembly.word(value, bytes[start..<index])
    }

    private mutating func object() throws(JSONError) -> Assembly.Value {
        index += 1
        var members: [Assembly.Member] = []
        var names: Set<ExactText> = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            index += 1
            return Assembly.object([])
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw error("a name in double quotes is expected") }
            let place = index
            let name = try string()
            let text = bytes[place..<index]
            guard Assembly.takesNamesTwice || names.insert(ExactText(name)).inserted else {
                index = place
                throw error("\(name.printed(atMost: 80)) is given twice", isWellFormed: true)
            }
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw error("\":\" is expected") }
            index += 1
            skipSpace()
            members.append(Assembly.member(name, text, try value()))
            skipSpace()
            switch current {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "}"):
                index += 1
                return Assembly.object(members)
            default: throw error("\",\" or \"}\" is expected")
            }
        }
    }

    private mutating func array() throws(JSONError) -> Assembly.Value {
        index += 1
        var elements: [Assembly.Value] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            index += 1
            return Assembly.array([])
        }
        while true {
            skipSpace()
            elements.append(try value())
            skipSpace()
            switch current {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "]"):
                index += 1
                return Assembly.array(elements)
            default: throw error("\",\" or \"]\" is expected")
            }
        }
    }

    private mutating func string() throws(JSONError) -> String {
        index += 1
        var content: [UInt8] = []
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                index += 1
                content.append(contentsOf: try escape())
            case ..<0x20: throw error("a control character in a string must be escaped")
            default:
                content.append(byte)
                index += 1
            }
        }
        throw error("the text ends within a string")
    }

    private mutating func escape() throws(JSONError) -> [UInt8] {
        guard let byte = current else { throw error("the text ends within a string") }
        let simple: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): simple = byte
        case UInt8(ascii: "b"): simple = 0x08
        case UInt8(ascii: "f"): simple = 0x0C
        case UInt8(ascii: "n"): simple = 0x0A
        case UInt8(ascii: "r"): simple = 0x0D
        case UInt8(ascii: "t"): simple = 0x09
        case UInt8(ascii: "u"):
            index += 1
            return try unicodeEscape()
        default: throw error("unknown escape in a string")
        }
        index += 1
        return [simple]
    }

    /// Four hexadecimal digits, and for a surrogate the second escape of its pair.
    private mutating func unicodeEscape() throws(JSONError) -> [UInt8] {
        let first = try hexDigits()
        var code = UInt32(first)
        if first & 0xFC00 == 0xD800 {
            guard current == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "u")
            else { throw error("half a surrogate pair") }
            index += 2
            let second = try hexDigits()
            guard second & 0xFC00 == 0xDC00 else { throw error("half a surrogate pair") }
            code = 0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
        }
        guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func hexDigits() throws(JSONError) -> UInt16 {
        guard index + 4 <= bytes.count,
            let value = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16),
            bytes[index] != UInt8(ascii: "+"), bytes[index] != UInt8(ascii: "-")
        else { throw error("four hexadecimal digits are expected") }
        index += 4
        return value
    }

    private mutating func number() throws(JSONError) -> Assembly.Value {
        let start = index
        if current == UInt8(ascii: "-") { index += 1 }
        let whole = digits()
        guard whole > 0 else {
            index = start
            throw error("unexpected text")
        }
        guard whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else {
            index = start
            throw error("a number cannot start with 0")
        }
        var isPlain = true
        if current == UInt8(ascii: ".") {
            isPlain = false
            index += 1
            guard digits() > 0 else { throw error("a digit is expected") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isPlain = false
            index += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
            guard digits() > 0 else { throw error("a digit is expected") }
        }
        guard let number = Assembly.number(bytes[start..<index], isPlain: isPlain) else {
            index = start
            throw error("the number is too large", isWellFormed: true)
        }
        return number
    }

    private mutating func digits() -> Int {
        let start = index
        while let byte = current, byte >= 0x30, byte <= 0x39 { index += 1 }
        return index - start
    }
}
