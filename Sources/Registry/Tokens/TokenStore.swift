import AdminAPI
import Cloud
public import Foundation

/// The tokens of the registry, kept as SHA-256 hashes.
public struct TokenStore: Sendable {
    let store: any RegistryStore
    package let now: @Sendable () -> Date
    package let uses: TokenUses
    /// Where polls are held: woken when tokens come or go.
    let waiters: [TagWaiters]

    /// Makes a token and answers its secret, which cannot be read again.
    ///
    /// Throws `ChangeError` when the name is taken, when something in `grant` is wrong, or `expires` is past.
    ///
    /// - Parameters:
    ///   - expires: From when on it is refused; `nil`: never.
    ///   - actor: Who makes it, for the event log; without one, whoever may write the database file.
    ///   - dryRun: Whether to do all but store it.
    public func add(
        _ grant: TokenGrant, expires: Date? = nil, by actor: String? = nil, dryRun: Bool = false
    ) async throws -> (record: TokenRecord, secret: String) {
        var faults = grant.faults
        if let expires, expires <= now() {
            faults.append(.init(place: "expires", detail: "\(Timestamp.text(expires)) is past"))
        }
        guard faults.isEmpty else { throw ChangeError.invalid(faults) }
        let token = BearerToken()
        let time = Timestamp.text(now())
        let record = TokenRecord(
            name: grant.name, role: grant.role, service: grant.service, gateway: grant.gateway, createdAt: time,
            expiresAt: expires.map(Timestamp.text))
        let summary = grant.summary + (record.expiresAt.map { " until \($0)" } ?? "")
        try await store.addToken(
            StoredToken(record: record, hash: Data(token.hash)),
            EventEntry(.create, .token, grant.name, after: summary, by: actor ?? TokenGrant.fileOwner, at: time),
            isDryRun: dryRun)
        if !dryRun { await publish() }
        return (record, token.text)
    }

    /// Every token, by name. Costs one row each.
    public func list() async throws -> [TokenRecord] {
        try await store.tokens().map { token in
            var record = token.record
            if let used = uses[token.hash] { record.lastUsedAt = Timestamp.text(used) }
            return record
        }
    }

    /// Takes a token away: it is refused from the next request on, and polls that are held with it end.
    ///
    /// - Parameter actor: As in `add`.
    public func remove(name: String, by actor: String? = nil, dryRun: Bool = false) async throws {
        let time = Timestamp.text(now())
        try await store.removeToken(name, isDryRun: dryRun) { record in
            let grant = TokenGrant(
                name: record.name, role: record.role, service: record.service, gateway: record.gateway)
            return EventEntry(
                .delete, .token, name, before: grant.summary, by: actor ?? TokenGrant.fileOwner, at: time)
        }
        if !dryRun { await publish() }
    }

    /// Whether there is none. One that has come to its end counts: a door that was closed does not open by itself.
    public func isEmpty() async throws -> Bool { try await store.hasNoTokens() }

    // MARK: Requests

    /// Looks for the token that came with a request, if one did. Costs two rows.
    ///
    /// - Parameter hash: Of the token.
    package func look(for hash: Data?) async throws -> TokenLook { try await store.look(for: hash) }

    // MARK: Revocation

    /// The generation of the tokens: it rises when one comes or goes, whichever process did it. Costs one row.
    func generation() async throws -> Int { try await store.position().tokenGeneration }

    /// Has all who are held look at their tokens again, when one has come or gone since they did. Costs one row.
    package func publish() async {
        // What cannot be read now is read by whoever watches, a moment later.
        guard let generation = try? await generation() else { return }
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
