import AdminAPI
import Cloud
package import Foundation
import Names
import Text

/// Why a server cannot join.
package enum JoinError: Error, Sendable, Hashable {
    /// There is no such join token, or it is of another server.
    case unknown
    /// It has ended, at this time.
    case expired(String)
    /// It was used before.
    case used(String)
}

extension TokenStore {
    /// Makes the token by which a server joins. An earlier one goes.
    package func makeJoinToken(
        for server: String, expires: Date, by actor: String, dryRun: Bool
    ) async throws -> (record: TokenRecord, secret: String) {
        let name = Self.name("join", server)
        return try await replace(
            TokenGrant(name: name, role: .join, server: server), expires: expires, by: actor, dryRun: dryRun
        ) { $0.role == .join }
    }

    /// Makes the token of a service on a server. An earlier one goes, and so do those of services that are not there
    /// any more.
    ///
    /// - Parameter isPresent: whether a service is on the server.
    package func makeServiceToken(
        for service: String, on server: String, by actor: String, dryRun: Bool,
        isPresent: @escaping @Sendable (String) -> Bool
    ) async throws -> (record: TokenRecord, secret: String) {
        let name = Self.name("service", "\(service).\(server)")
        return try await replace(
            TokenGrant(name: name, role: .service, service: service, server: server), expires: nil, by: actor,
            dryRun: dryRun
        ) { $0.role == .service && ($0.service == service || !isPresent($0.service ?? "")) }
    }

    private func replace(
        _ grant: TokenGrant, expires: Date?, by actor: String, dryRun: Bool,
        _ isReplaced: @escaping @Sendable (TokenRecord) -> Bool
    ) async throws -> (record: TokenRecord, secret: String) {
        let token = BearerToken()
        let new = made(grant, token, expires: expires)
        if !dryRun {
            _ = try await store.swapTokens(
                TokenSwap(
                    server: grant.server ?? "", isReplaced: isReplaced, new: new, actor: actor,
                    time: new.record.createdAt))
            await publish()
        }
        return (new.record, token.text)
    }

    /// Exchanges a join token for the server's own, which replaces an earlier one and those of its services.
    ///
    /// Throws `JoinError`. A join token that is used again is told by an event.
    package func join(_ server: String, with secret: String) async throws -> String {
        let hash = Data(BearerToken(secret).hash)
        let time = Timestamp.text(now())
        guard let record = try await store.look(for: hash).record, record.role == .join, record.server == server
        else { throw JoinError.unknown }
        guard record.lastUsedAt == nil else { throw try await refuse(record, time) }
        guard !record.isExpired(at: time) else { throw JoinError.expired(record.expiresAt ?? "") }
        let token = BearerToken()
        let new = made(TokenGrant(name: Self.name("node", server), role: .server, server: server), token, expires: nil)
        let result = try await store.swapTokens(
            TokenSwap(
                joining: StoredToken(record: record, hash: hash), server: server,
                isReplaced: { $0.role == .server || $0.role == .service }, new: new, actor: record.name, time: time))
        guard result != .used else { throw try await refuse(record, time) }
        await publish()
        return token.text
    }

    private func refuse(_ record: TokenRecord, _ time: String) async throws -> JoinError {
        try await store.record(
            Observations(events: [
                EventEntry(
                    .update, .token, record.name, before: record.grant.summary,
                    after: "used again, and refused", by: record.name, at: time)
            ]))
        await lists.noteChange(of: .events)
        return .used(record.name)
    }

    /// Takes away every token that is bound to a server. Held polls with them end.
    ///
    /// - Returns: the names of the tokens.
    package func removeTokens(of server: String, by actor: String, dryRun: Bool) async throws -> [String] {
        guard !dryRun else { return try await store.tokens().map(\.record).filter { $0.server == server }.map(\.name) }
        let result = try await store.swapTokens(
            TokenSwap(server: server, isReplaced: { _ in true }, actor: actor, time: Timestamp.text(now())))
        guard case .swapped(let names) = result, !names.isEmpty else { return [] }
        await publish()
        return names
    }

    /// `node.app1`; a name that would be too long is cut, and ends with a part of its digest.
    static func name(_ kind: String, _ subject: String) -> String {
        let name = "\(kind).\(subject)"
        guard name.utf8.count > ObjectName.longest else { return name }
        let digest = BearerToken(name).hash.prefix(6).hexadecimal
        return "\(name.prefix(ObjectName.longest - digest.utf8.count - 1)).\(digest)"
    }
}
