/// What a server is built for.
public enum ServerKind: String, Sendable, Hashable, Codable, CaseIterable {
    case app
    /// Has drives of its own for database files.
    case db
    /// Has a large common storage for logs and backups.
    case archive
    /// Routes traffic between the world and the other servers.
    case gateway
}
