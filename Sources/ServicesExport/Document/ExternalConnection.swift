public import NetworkTypes

/// What rows of one virtual service have in common: all columns but those of the server (`service`, `backend_address`,
/// `backend_port`, `weight`).
public struct ExternalConnection: Sendable, Hashable {
    public let section: String
    public let transport: TransportProtocol
    /// The location's pool that `addresses` are from.
    public let addressName: String
    /// Public addresses of one family, ascending, at least one.
    public let addresses: [IPAddress]
    /// One port without a mark; else ports and ranges, ascending, without overlaps, at least one.
    public let ports: [PortRange]
    /// `nil`: served by address and port.
    public let mark: UInt32?
    public let method: ForwardingMethod
    public let scheduler: Scheduler
    /// Seconds; 0: none.
    public let persistence: Int
    /// Seconds for which a real server that leaves keeps its connections; 0: removed at once; `nil`: as the gateway
    /// has it.
    public let drainTime: Int?
    /// Ascending, without overlaps; empty: all sources are allowed.
    public let sources: [AddressPrefix]
    /// No new connections for a real server that has so many; 0: no limit.
    public let maximumConnections: Int

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
        if maximumConnections != other.maximumConnections { return .maximumConnections }
        return nil
    }
}

/// One server behind an external connection.
public struct RealServer: Sendable, Hashable {
    public let address: IPAddress
    /// 0 under a mark: the client's port is kept.
    public let port: UInt16
    /// 0 to 65,535; 0 drains.
    public let weight: UInt16
    /// The instance that runs there, `type.index`.
    public let service: String

    static func precedes(_ a: Self, _ b: Self) -> Bool {
        a.address != b.address ? a.address < b.address : a.port < b.port
    }

    func isSameEndpoint(as other: Self) -> Bool { address == other.address && port == other.port }
}

/// An external connection with its real servers: all rows that agree in the columns of `ExternalConnection`.
///
/// Immutable, and the same instance from one document to the next while its rows stay the same, so that a
/// comparison of two documents can skip it by identity.
public final class ExportGroup: Sendable {
    public let connection: ExternalConnection
    /// Ascending by address and port, each once, at least one.
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
                maximumConnections: connection.maximumConnections, backendAddress: server.address, backendPort: server.port == 0 ? nil : server.port,
                weight: Int(server.weight))
        }
    }
}
