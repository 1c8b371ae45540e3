package import Text

/// The content of a file with SQL, looked through: it is text, has no command of another program, and nothing that would
/// break its transaction. A file without a statement is none.
package struct PatchScript: Sendable, Hashable {
    package let bytes: [UInt8]
    /// Each statement, from its first word to before its semicolon.
    package let statements: [Range<Int>]
    package let header: PatchHeader
    /// Of a patch without a transaction, the index that its statement makes.
    package let index: NewIndex?
    /// Whether its statement has the word CONCURRENTLY; of a patch without a transaction only.
    package let isConcurrent: Bool

    /// An index made by `CREATE INDEX CONCURRENTLY`, which leaves an invalid one if it is interrupted.
    package struct NewIndex: Sendable, Hashable {
        @ExactText package var name: String
        /// The table's name with its schema, if the statement has it, in quotes.
        @ExactText package var table: String
    }

    /// Looks a file through. Cost: reads all of it.
    package init(_ bytes: [UInt8], _ engine: DatabaseEngine) throws(ScriptFault) {
        try Self.checkText(bytes)
        let header = try PatchHeader.read(bytes)
        var statements: [Range<Int>] = []
        var words: [SQLWord] = []
        do {
            try bytes.withUnsafeBufferPointer { buffer in
                var scanner = SQLScanner(buffer, engine)
                try scanner.scan { (found) throws(ScriptFault) in
                    let problem =
                        header == .noTransaction
                        ? StatementRules.problemOutside(found.words, engine)
                        : StatementRules.problem(found.words, engine)
                    if let problem { throw ScriptFault(offset: found.range.lowerBound, message: problem) }
                    if header == .noTransaction, statements.count == 1 {
                        throw ScriptFault(
                            offset: found.range.lowerBound,
                            message: "a patch without a transaction has one statement, and this is the second: "
                                + "put it into a patch of its own")
                    }
                    if statements.isEmpty { words = found.words }
                    statements.append(found.range)
                }
            }
        } catch let fault as ScriptFault {
            throw fault
        } catch {
            throw ScriptFault(offset: 0, message: "\(error)")
        }
        guard !statements.isEmpty else { throw ScriptFault(offset: 0, message: Self.empty) }
        self.bytes = bytes
        self.header = header
        self.statements = statements
        index = header == .noTransaction ? Self.index(words, engine) : nil
        isConcurrent = header == .noTransaction && words.contains { $0.isKeyword("CONCURRENTLY") }
    }

    private static let empty =
        "the file has no statement, so an editor or a full disk may have emptied it: put its text back; a file that is to "
        + "do nothing says SELECT 1;"

    private static func checkText(_ bytes: [UInt8]) throws(ScriptFault) {
        if let zero = bytes.firstIndex(of: 0) {
            throw ScriptFault(offset: zero, message: "a NUL byte: this is no text")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw ScriptFault(
                offset: 0, message: "the file begins with a byte order mark: save it as UTF-8 without one")
        }
        do throws(UTF8.ValidationError) { _ = try UTF8Span(validating: bytes.span) } catch {
            throw ScriptFault(
                offset: error.byteOffsets.lowerBound, message: "this is not UTF-8: convert the file (iconv)")
        }
    }

    private static func index(_ words: [SQLWord], _ engine: DatabaseEngine) -> NewIndex? {
        guard engine == .postgresql, words.first?.isKeyword("CREATE") == true,
            let on = words.firstIndex(where: { $0.isKeyword("ON") }), on > 0,
            words[..<on].contains(where: { $0.isKeyword("INDEX") })
        else { return nil }
        var rest = words[(on + 1)...]
        if rest.first?.isKeyword("ONLY") == true { rest = rest.dropFirst() }
        guard let first = rest.first else { return nil }
        var table = quoted(first, engine)
        if rest.count > 2, rest[rest.startIndex + 1].text.isExactly(".") {
            table += "." + quoted(rest[rest.startIndex + 2], engine)
        }
        return NewIndex(name: words[on - 1].name(in: engine), table: table)
    }

    private static func quoted(_ word: SQLWord, _ engine: DatabaseEngine) -> String {
        "\"\(word.name(in: engine).replacingByte("\"", with: "\"\""))\""
    }
}

extension PatchScript {
    /// About how many bytes are sent to a server at once.
    private static let batchSize = 1 << 18

    /// Ranges of the file with whole statements, small enough to be sent at once.
    package var batches: [Range<Int>] {
        var batches: [Range<Int>] = []
        for statement in statements {
            if let last = batches.last, statement.upperBound - last.lowerBound <= Self.batchSize {
                batches[batches.count - 1] = last.lowerBound..<statement.upperBound
            } else {
                batches.append(statement)
            }
        }
        return batches
    }
}
