public import ServiceSupport

/// The role that a gateway was given while it runs: a word in the run directory, since the daemon opens no socket to be
/// told on.
///
/// Absent after a boot: then the configuration's role holds.
public struct RoleFile: Sendable {
    public static let name = "role"
    public let path: String

    public init(runDirectory: String) { path = "\(runDirectory)/\(Self.name)" }

    /// The role given; `nil` when none was.
    public func load() throws(FileError) -> GatewayRole? {
        guard let bytes = try Files.read(path, limit: 64) else { return nil }
        let word = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard let role = GatewayRole(rawValue: word) else {
            throw FileError("read", path, reason: "it says neither active nor passive")
        }
        return role
    }

    public func save(_ role: GatewayRole) throws(FileError) {
        try Files.replace(path, with: Array("\(role.rawValue)\n".utf8), isDurable: false)
    }

    public func remove() { Files.remove(path) }
}

extension GatewayConfiguration {
    /// The role in force: the one given at run time, else the configured one.
    public func currentRole() throws(FileError) -> GatewayRole {
        try RoleFile(runDirectory: runDirectory).load() ?? role
    }
}
