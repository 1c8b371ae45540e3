/// What the prober is told when it starts.
public struct ProberSettings: Sendable {
    /// The run directory of the gateway's daemon, which has its socket.
    public var runDirectory: String
    /// A file with the certificates that checks with `verify=full` trust, instead of the system's.
    public var authorities: String?

    public init(runDirectory: String, authorities: String? = nil) {
        self.runDirectory = runDirectory
        self.authorities = authorities
    }

    /// The run directory if nothing else is said.
    public static let usualRunDirectory = "/run/portcullis"

    /// The daemon's socket.
    public var socket: String { "\(runDirectory)/checks.sock" }
}
