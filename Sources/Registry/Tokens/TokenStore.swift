import AdminAPI
import Cloud
public import Foundation

/// The tokens of the registry, stored as SHA-256 hashes.
public struct TokenStore: Sendable {
    let store: any RegistryStore
    package let now: @Sendable () -> Date
    /// The uses of tokens that are not written yet.
    package let uses: TokenUses
    /// Held polls of lists: a token that is added or removed is an event.
    let lists: TagWaiters
    /// Held polls, which are woken when tokens are added or removed.
    let waiters: [TagWaiters]

    /// Makes a token and returns its secret, which cannot be read again.
    ///
    /// Throws `ChangeError` if the name is taken, if something in `grant` is wrong, or if `expires` is past.
    ///
    /// - Parameters:
    ///   - expires: the time from which it is refused; `nil`: never.
    ///   - actor: the author, for the event log; without one, the owner of the database file.
    ///   - dryRun: whether to do everything except store it.
    public func add(
        _ grant: TokenGrant, expires: Date? = nil, by actor: String? = nil, dryRun: Bool = false
    ) async throws -> (record: TokenRecord, secret: String) {
        var faults = grant.faults
        if let expires, expires <= now() {
            faults.append(.init(place: "expires", detail: "\(Timestamp.text(expires)) is past"))
        }
        if grant.role == .join, expires == nil {
            faults.append(.init(place: "expires", detail: "a token of role join must end"))
        }
        guard faults.isEmpty else { throw ChangeError.invalid(faults) }
        let token = BearerToken()
        let new = made(grant, token, expires: expires)
        try await store.addToken(
            new, new.record.creation(by: actor ?? TokenGrant.fileOwner, at: new.record.createdAt), isDryRun: dryRun)
        if !dryRun { await publish() }
        return (new.record, token.text)
    }

    /// A new token as it is stored.
    func made(_ grant: TokenGrant, _ token: BearerToken, expires: Date?) -> StoredToken {
        StoredToken(
            record: TokenRecord(
                name: grant.name, role: grant.role, service: grant.service, gateway: grant.gateway,
                server: grant.server,
                scope: grant.scope, createdAt: Timestamp.text(now()), expiresAt: expires.map(Timestamp.text)),
            hash: Data(token.hash))
    }

    /// Every token, by name. Cost: one row each.
    public func list() async throws -> [TokenRecord] {
        try await store.tokens().map { token in
            var record = token.record
            if let used = uses[token.hash] { record.lastUsedAt = Timestamp.text(used) }
            return record
        }
    }

    /// Removes a token. It is refused from the next request on, and polls that are held with it end.
    ///
    /// - Parameter actor: as in `add`.
    public func remove(name: String, by actor: String? = nil, dryRun: Bool = false) async throws {
        let time = Timestamp.text(now())
        try await store.removeToken(name, isDryRun: dryRun) { record in
            record.deletion(by: actor ?? TokenGrant.fileOwner, at: time)
        }
        if !dryRun { await publish() }
    }

    /// Whether there are no tokens. Expired ones count, so that an API that was closed does not open by itself.
    public func isEmpty() async throws -> Bool { try await store.hasNoTokens() }

    // MARK: Requests

    /// Looks up the token of a request, if it has one. Cost: two rows.
    ///
    /// - Parameter hash: the hash of the token.
    package func look(for hash: Data?) async throws -> TokenLook { try await store.look(for: hash) }

    // MARK: Revocation

    /// The generation of the tokens. It increases when one is added or removed, by whichever process. Cost: one row.
    func generation() async throws -> Int { try await store.position().tokenGeneration }

    /// Makes all held requests check their tokens again if one was added or removed since. Cost: one row.
    package func publish() async {
        // If the store cannot be read now, `TokenWatch` reads it a moment later.
        guard let generation = try? await generation() else { return }
        await lists.noteChange(of: .events)
        for waiters in waiters { await waiters.publishTokens(generation: generation) }
    }

    /// Writes when tokens were used last; what cannot be written now stays for the next time.
    package func flushUses() async throws {
        let taken = uses.take()
        guard !taken.isEmpty else { return }
        do {
            try await store.record(Observations(tokenUses: taken.mapValues(Timestamp.text)))
        } catch {
            uses.putBack(taken)
            throw error
        }
    }
}

extension TokenRecord {
    /// The event of its making.
    func creation(by actor: String, at time: String) -> EventEntry {
        EventEntry(
            .create, .token, name, after: grant.summary + (expiresAt.map { " until \($0)" } ?? ""), by: actor, at: time)
    }

    /// The event of its removal.
    func deletion(by actor: String, at time: String) -> EventEntry {
        EventEntry(.delete, .token, name, before: grant.summary, by: actor, at: time)
    }
}
