/// Tokens of a server that give way to another, in one transaction.
package struct TokenSwap: Sendable {
    /// The join token that is used with it, by its hash: it must not have been used.
    package var joining: StoredToken?
    package var server: String
    /// Which of the server's tokens go.
    package var isReplaced: @Sendable (TokenRecord) -> Bool
    /// The token that comes; `nil`: none.
    package var new: StoredToken?
    /// Who makes the change, for its events.
    package var actor: String
    /// RFC 3339 in UTC.
    package var time: String

    /// The events of tokens that go, and of the one that comes.
    package func events(removing gone: [TokenRecord]) -> [EventEntry] {
        gone.map { $0.deletion(by: actor, at: time) }
            + (new.map { [$0.record.creation(by: actor, at: time)] } ?? [])
    }
}

/// What became of a swap.
package enum TokenSwapResult: Sendable, Hashable {
    /// The names of the tokens that went.
    case swapped([String])
    /// The join token was used before, or is gone. Nothing was changed.
    case used
}
