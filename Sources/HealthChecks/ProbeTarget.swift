public import NetworkTypes

/// What the prober probes: a check, and where.
public struct ProbeTarget: Sendable, Hashable {
    public var address: IPAddress
    /// The port that is probed: the one of the check, or else the one at which the server gets connections; 0: none,
    /// as `ping` and `command` allow.
    public var port: UInt16
    public var check: HealthCheck

    public init(_ check: HealthCheck, address: IPAddress, port: UInt16) {
        self.check = check
        self.address = address
        self.port = port
    }

    /// Whether the port is one that the probe can use.
    public var hasUsablePort: Bool { port != 0 || !check.probe.needsPort }
}

extension Probe {
    /// Whether the probe asks a port.
    public var needsPort: Bool {
        switch self {
        case .ping, .command: false
        case .tcp, .tls, .http, .dns, .smtp, .udp: true
        }
    }
}
