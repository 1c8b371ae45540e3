import Text

/// A reply of a mail server: a code, and lines of text (RFC 5321, section 4.2).
struct SMTPReply: Sendable, Hashable {
    var code: Int
    var lines: [String]

    /// The code and the first line, for people.
    var words: String { "the mail server answers \(code) \((lines.first ?? "").shownName(atMost: 200))" }

    /// What RFC 5321 calls a positive completion.
    var isSuccess: Bool { (200..<300).contains(code) }

    /// Whether the server offers an extension in its reply to EHLO.
    func offers(_ keyword: String) -> Bool { !words(after: keyword).isEmpty }

    /// Whether the server offers a mechanism of AUTH.
    func offersAuthentication(_ mechanism: String) -> Bool {
        words(after: "AUTH").contains { $0.dropFirst().contains { Self.isSame($0, mechanism) } }
    }

    /// The words of the lines that begin with a keyword, each line with its keyword.
    private func words(after keyword: String) -> [[Substring]] {
        lines.dropFirst().map { $0.splitBytes(" ") }.filter { $0.first.map { Self.isSame($0, keyword) } ?? false }
    }

    private static func isSame(_ word: Substring, _ keyword: String) -> Bool {
        word.utf8.elementsEqual(keyword.utf8) { a, b in
            a == b || ((0x41...0x5A).contains(b) && a == b + 0x20)
        }
    }
}

/// Collects the bytes of a mail server into replies.
struct SMTPReplyReader: Sendable {
    /// What a server says wrongly.
    struct Fault: Error {}

    private var buffer: [UInt8] = []
    private var lines: [String] = []
    private var code: Int?

    /// Bytes of a reply at most.
    private static let longest = 64 << 10

    /// Whether there are bytes beyond the last reply.
    var isEmpty: Bool { buffer.isEmpty && lines.isEmpty }

    mutating func take(_ bytes: some Sequence<UInt8>) { buffer += bytes }

    /// The next reply that is whole; `nil`: there is none yet.
    mutating func next() throws(Fault) -> SMTPReply? {
        while let end = buffer.firstIndex(of: 0x0A) {
            var line = buffer[..<end]
            buffer.removeSubrange(...end)
            if line.last == 0x0D { line.removeLast() }
            guard line.count >= 3, let number = Int(String(decoding: line.prefix(3), as: UTF8.self)),
                (200...599).contains(number), code ?? number == number
            else { throw Fault() }
            code = number
            let isLast = line.count == 3 || line[line.startIndex + 3] == UInt8(ascii: " ")
            guard isLast || line[line.startIndex + 3] == UInt8(ascii: "-"), lines.count < 200 else { throw Fault() }
            lines.append(String(decoding: line.dropFirst(4), as: UTF8.self))
            guard isLast else { continue }
            defer { (lines, code) = ([], nil) }
            return SMTPReply(code: number, lines: lines)
        }
        guard buffer.count <= Self.longest else { throw Fault() }
        return nil
    }
}
