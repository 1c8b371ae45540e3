import Text

/// A keyword with its values, and its block if it has one.
struct KeepalivedStatement: Equatable {
    /// The keyword, then its values.
    var words: [String]
    let place: KeepalivedPlace
    /// What stands in the braces; `nil`: there are none.
    var block: [KeepalivedStatement]?

    var keyword: String { words[0] }
    /// The first value.
    var value: String? { words.count > 1 ? words[1] : nil }
    var statements: [KeepalivedStatement] { block ?? [] }

    /// How deep blocks may stand in each other.
    private static let deepest = 32

    /// Keywords that begin a block within another.
    private static let blocks: Set<String> = [
        "virtual_server", "virtual_server_group", "real_server", "TCP_CHECK", "HTTP_GET", "SSL_GET", "SMTP_CHECK",
        "DNS_CHECK", "MISC_CHECK", "UDP_CHECK", "PING_CHECK", "FILE_CHECK", "BFD_CHECK",
    ]

    /// The statements of all lines.
    static func tree(_ lines: [KeepalivedLine]) throws(KeepalivedError) -> [KeepalivedStatement] {
        // The statements of each block that is open; the statement that owns a block is the last of the list before.
        var stack: [[KeepalivedStatement]] = [[]]
        for line in lines {
            var words: [String] = []
            func endStatement() {
                if !words.isEmpty {
                    stack[stack.count - 1].append(KeepalivedStatement(words: words, place: line.place))
                }
                words = []
            }
            for token in line.tokens {
                switch token {
                case .word(let word): words.append(word)
                case .open:
                    endStatement()
                    guard let owner = stack[stack.count - 1].last, owner.block == nil else {
                        throw KeepalivedError(line.place, "a { without a keyword before it")
                    }
                    // Nothing tells where the values of the keyword before it end.
                    if let inner = owner.words.dropFirst().first(where: blocks.contains) {
                        throw KeepalivedError(line.place, "\(inner.printed()) must begin a line of its own")
                    }
                    guard stack.count < deepest else {
                        throw KeepalivedError(line.place, "blocks stand in each other more than \(deepest) times")
                    }
                    stack.append([])
                case .close:
                    endStatement()
                    guard stack.count > 1 else { throw KeepalivedError(line.place, "a } without a { before it") }
                    let block = stack.removeLast()
                    stack[stack.count - 1][stack[stack.count - 1].count - 1].block = block
                }
            }
            endStatement()
        }
        guard stack.count == 1 else {
            let owner = stack[stack.count - 2][stack[stack.count - 2].count - 1]
            throw KeepalivedError(owner.place, "the block of \(owner.keyword.printed()) is not closed")
        }
        return stack[0]
    }
}
