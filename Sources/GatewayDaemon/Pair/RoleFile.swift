public import ServiceSupport

/// The role that a running gateway was given: one word in the run directory, since the daemon has no socket on which
/// to be told.
///
/// The file is absent after a boot; the configured role applies then.
public struct RoleFile: Sendable {
    /// The name of the file.
    public static let name = "role"
    /// The path of the file.
    public let path: String

    public init(runDirectory: String) { path = "\(runDirectory)/\(Self.name)" }

    /// The given role; `nil` if none was given.
    public func load() throws(FileError) -> GatewayRole? {
        guard let bytes = try Files.read(path, limit: 64) else { return nil }
        // exact: nothing but ASCII is equivalent to a role's name
        let word = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard let role = GatewayRole(rawValue: word) else {
            throw FileError("read", path, reason: "it says neither active nor passive")
        }
        return role
    }

    /// Stores the role.
    public func save(_ role: GatewayRole) throws(FileError) {
        try Files.replace(path, with: Array("\(role.rawValue)\n".utf8), isDurable: false)
    }

    /// Removes the file, so that the configured role applies again.
    public func remove() { Files.remove(path) }
}

extension GatewayConfiguration {
    /// The current role: the one given at run time, or else the configured one.
    public func currentRole() throws(FileError) -> GatewayRole {
        try RoleFile(runDirectory: runDirectory).load() ?? role
    }
}
