import Text

/// What a statement of a patch must not be, by its first words.
enum StatementRules {
    /// - Returns: why the statement is refused in a file that runs as one transaction; `nil` if it is not.
    static func problem(_ words: [SQLWord], _ engine: DatabaseEngine) -> String? {
        guard let first = words.first else { return nil }
        if engine == .postgresql, first.isKeyword("COPY"), let stream = stream(of: words) {
            return "COPY with \(stream) needs psql: write INSERT (pg_dump --inserts)"
        }
        let second = words.count > 1 ? words[1] : nil
        let ends = ["BEGIN", "START", "COMMIT", "END", "ABORT"].contains { first.isKeyword($0) }
        let isBack = first.isKeyword("ROLLBACK") && !words.dropFirst().prefix(2).contains { $0.isKeyword("TO") }
        let isPrepared = first.isKeyword("PREPARE") && second?.isKeyword("TRANSACTION") == true
        guard ends || isBack || isPrepared else { return nil }
        return
            "\(first.text.uppercased()): the file is one transaction with its row of the history, which the runner begins "
            + "and commits: remove it"
    }

    /// - Returns: why the one statement of a patch without a transaction is refused; `nil` if it is not. It may run twice,
    ///   when the runner is killed before it has noted that the statement is done.
    static func problemOutside(_ words: [SQLWord], _ engine: DatabaseEngine) -> String? {
        if let problem = problem(words, engine) { return problem }
        guard let first = words.first else { return nil }
        let isConditional = { (rest: [SQLWord]) in
            zip(rest, rest.dropFirst()).contains {
                $0.isKeyword("IF") && ($1.isKeyword("NOT") || $1.isKeyword("EXISTS"))
            }
        }
        let mayRunOnce =
            first.isKeyword("CREATE") || first.isKeyword("DROP")
            || (first.isKeyword("ALTER") && words.contains { $0.isKeyword("ADD") || $0.isKeyword("RENAME") })
            || first.isKeyword("INSERT")
        guard mayRunOnce, !isConditional(words) else { return nil }
        let remedy = first.isKeyword("DROP") ? "IF EXISTS" : "IF NOT EXISTS"
        return "a patch without a transaction may run twice, if it is interrupted: write it with \(remedy)"
    }

    private static func stream(of words: [SQLWord]) -> String? {
        for (word, next) in zip(words, words.dropFirst()) {
            if word.isKeyword("FROM"), next.isKeyword("STDIN") { return "FROM STDIN" }
            if word.isKeyword("TO"), next.isKeyword("STDOUT") { return "TO STDOUT" }
        }
        return nil
    }
}
