public import NetworkTypes

/// What rows of one virtual service have in common: all columns but those of the server (`service`, `backend_address`,
/// `backend_port`, `weight`).
public struct ExternalConnection: Sendable, Hashable {
    public let section: String
    public let transport: TransportProtocol
    /// The pool of the location to which `addresses` belong.
    public let addressName: String
    /// Public addresses of one family, ascending, at least one.
    public let addresses: [IPAddress]
    /// Without a mark one port; with a mark at least one port or range, ascending, without overlaps.
    public let ports: [PortRange]
    /// The firewall mark; `nil`: the service is at addresses and ports.
    public let mark: UInt32?
    public let method: ForwardingMethod
    public let scheduler: Scheduler
    /// Seconds for which a client stays with its server; 0: none.
    public let persistence: Int
    /// Seconds for which a real server that leaves keeps its connections; 0: it is removed at once; `nil`: the
    /// gateway's setting applies.
    public let drainTime: Int?
    /// The networks of allowed clients, ascending, without overlaps; empty: all.
    public let sources: [AddressPrefix]
    /// Limits, hairpin, health.
    public let options: ConnectionOptions

    /// The family of all `addresses`.
    public var family: AddressFamily { addresses[0].family }

    /// The first column in which `other` differs.
    func firstDifference(from other: Self, ignoringTransport: Bool) -> ServicesCSV.Column? {
        if section != other.section { return .section }
        if !ignoringTransport, transport != other.transport { return .transport }
        if addressName != other.addressName { return .addressName }
        if addresses != other.addresses { return .addresses }
        if ports != other.ports { return .ports }
        if mark != other.mark { return .mark }
        if method != other.method { return .method }
        if scheduler != other.scheduler { return .scheduler }
        if persistence != other.persistence { return .persistence }
        if drainTime != other.drainTime { return .drainTime }
        if sources != other.sources { return .sources }
        return options.firstDifference(from: other.options)
    }
}

/// One server behind an external connection.
public struct RealServer: Sendable, Hashable {
    public let address: IPAddress
    /// The port; 0 with a mark: the client's port is kept.
    public let port: UInt16
    /// 0 to 65,535; a server with weight 0 drains.
    public let weight: UInt16
    /// The instance on this server, `type.index`.
    public let service: String

    static func precedes(_ a: Self, _ b: Self) -> Bool {
        a.address != b.address ? a.address < b.address : a.port < b.port
    }

    func isSameEndpoint(as other: Self) -> Bool { address == other.address && port == other.port }
}

/// An external connection with its real servers: all rows that agree in the columns of `ExternalConnection`.
///
/// Immutable. As long as its rows stay the same, each new document has the same instance, so that a comparison of two
/// documents can skip it by identity.
public final class ExportGroup: Sendable {
    public let connection: ExternalConnection
    /// Ascending by address and port, without duplicates, at least one.
    public let servers: [RealServer]
    /// The bytes of the connection's columns.
    let key: [UInt8]
    let hash: UInt64

    init(connection: ExternalConnection, servers: [RealServer], key: [UInt8], hash: UInt64) {
        self.connection = connection
        self.servers = servers
        self.key = key
        self.hash = hash
    }

    /// The rows of the group, by address and port of the real server.
    public var rows: [ExportRow] {
        servers.map { server in
            ExportRow(
                service: server.service, section: connection.section, transport: connection.transport,
                addressName: connection.addressName, addresses: connection.addresses, ports: connection.ports,
                mark: connection.mark, method: connection.method, scheduler: connection.scheduler,
                persistence: connection.persistence, drainTime: connection.drainTime, sources: connection.sources,
                options: connection.options, backendAddress: server.address,
                backendPort: server.port == 0 ? nil : server.port,
                weight: Int(server.weight))
        }
    }
}
