import Glibc

/// Reads YAML 1.2 text (core schema) with libyaml.
///
/// It is stricter than YAML where leniency would hide mistakes: duplicate keys, keys that are no scalars, and tags
/// are refused. Aliases are followed within `YAMLLimits`.
public enum YAMLDocument {
    /// Reads all documents of a stream; an empty text has none.
    ///
    /// - Parameters:
    ///   - file: the name in errors and positions.
    ///   - allowedTags: local tags (`!secret`) that nodes may have; see `YAMLNode.tag`.
    public static func parse(
        _ bytes: [UInt8], file: String, allowedTags: Set<String> = [], limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> [YAMLNode] {
        let start = YAMLPosition(file: file, line: 1, column: 1)
        guard bytes.count <= limits.size else {
            throw YAMLError(start, "the file has \(bytes.count) bytes; the limit is \(limits.size)")
        }
        // Some editors begin a file with a byte order mark. libyaml, which is told that the text is UTF-8, would take
        // it for the first character.
        let hasMark = bytes.starts(with: byteOrderMark)
        guard bytes.count > (hasMark ? byteOrderMark.count : 0) else { return [] }
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<[YAMLNode], YAMLError> in
            let buffer = hasMark ? UnsafeBufferPointer(rebasing: buffer.dropFirst(byteOrderMark.count)) : buffer
            do throws(YAMLError) {
                try checkLineStarts(buffer, start: start, limits)
                if !limits.isStored { try checkLineBreaks(buffer, file: file) }
                var composer = YAMLComposer(
                    events: try YAMLEvents(text: buffer, file: file), allowedTags: allowedTags, limits: limits)
                return .success(try composer.documents())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Like the function above, for a text.
    public static func parse(
        _ text: String, file: String, allowedTags: Set<String> = [], limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> [YAMLNode] {
        try parse(Array(text.utf8), file: file, allowedTags: allowedTags, limits: limits)
    }

    /// Reads a text with a single document.
    public static func parseOne(
        _ text: String, file: String, allowedTags: Set<String> = [], limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> YAMLNode {
        let documents = try parse(text, file: file, allowedTags: allowedTags, limits: limits)
        guard let first = documents.first else {
            throw YAMLError(YAMLPosition(file: file, line: 1, column: 1), "the file is empty")
        }
        guard documents.count == 1 else {
            throw YAMLError(documents[1].position, "a second document; this file must have one")
        }
        return first
    }

    /// Refuses characters that end a line, and so a comment, in YAML 1.1 but not in 1.2: U+0085, U+2028 and U+2029.
    /// As escapes in double quotes they are text in both.
    private static func checkLineBreaks(_ text: UnsafeBufferPointer<UInt8>, file: String) throws(YAMLError) {
        let breaks = [
            ("U+0085", "\u{85}", "\\x85"), ("U+2028", "\u{2028}", "\\u2028"), ("U+2029", "\u{2029}", "\\u2029"),
        ]
        for (name, character, escape) in breaks {
            let bytes = Array(character.utf8)
            var rest = text[...]
            while let index = rest.firstIndex(of: bytes[0]) {
                rest = rest[index...]
                if rest.starts(with: bytes) {
                    throw YAMLError(
                        YAMLPosition(file: file, ofByte: index, in: text),
                        "\(name) ends a line for some readers of YAML and not for others; write \(escape) in double quotes"
                    )
                }
                rest = rest.dropFirst()
            }
        }
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Refuses too many %TAG lines, and byte order marks inside the text, which occur in concatenated files.
    private static func checkLineStarts(
        _ text: UnsafeBufferPointer<UInt8>, start: YAMLPosition, _ limits: YAMLLimits
    ) throws(YAMLError) {
        var line = 1
        var found = 0
        guard var rest = text.baseAddress else { return }
        let end = rest + text.count
        while rest < end {
            if rest.pointee == UInt8(ascii: "%"),
                UnsafeBufferPointer(start: rest, count: end - rest).starts(with: "%TAG".utf8)
            {
                found += 1
                guard found <= limits.tagDirectives else {
                    throw YAMLError(
                        YAMLPosition(file: start.file, line: line, column: 1),
                        "more than \(limits.tagDirectives) %TAG directives")
                }
            }
            if rest.pointee == byteOrderMark[0], !limits.isStored,
                UnsafeBufferPointer(start: rest, count: end - rest).starts(with: byteOrderMark)
            {
                throw YAMLError(
                    YAMLPosition(file: start.file, line: line, column: 1),
                    "a byte order mark (U+FEFF) stands at the very start of a file or nowhere")
            }
            guard let lineEnd = memchr(rest, Int32(UInt8(ascii: "\n")), end - rest) else { return }
            rest = UnsafePointer(lineEnd.assumingMemoryBound(to: UInt8.self)) + 1
            line += 1
        }
    }
}
