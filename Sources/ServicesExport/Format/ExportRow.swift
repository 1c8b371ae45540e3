public import NetworkTypes

/// One row of `services.csv`: one external connection and one real server behind it.
public struct ExportRow: Sendable, Hashable {
    /// The instance, `type.index`: `tg.3`.
    public var service: String
    /// The gateway section of the type's meta-configuration.
    public var section: String
    /// Column `protocol`.
    public var transport: TransportProtocol
    /// The pool of the location to which `addresses` belong.
    public var addressName: String
    /// Public addresses of one family, ascending.
    public var addresses: [IPAddress]
    /// Without a mark one port; with a mark ports and ranges, ascending.
    public var ports: [PortRange]
    /// Column `fwmark`; `nil`: the service is at addresses and ports.
    public var mark: UInt32?
    public var method: ForwardingMethod
    public var scheduler: Scheduler
    /// Seconds for which a client stays with its server; 0: none.
    public var persistence: Int
    /// Seconds for which a real server that leaves keeps its connections; 0: it is removed at once; `nil`: the
    /// gateway's setting applies.
    public var drainTime: Int?
    /// The networks of allowed clients, ascending; empty: all.
    public var sources: [AddressPrefix]
    /// The columns from version 2 on.
    public var options: ConnectionOptions
    /// Internal address of the real server.
    public var backendAddress: IPAddress
    /// The port of the real server; `nil` with a mark: the client's port is kept.
    public var backendPort: UInt16?
    /// 0 to 65,535. With 0, the server drains: established connections go on, new ones go elsewhere.
    public var weight: Int

    public init(
        service: String, section: String, transport: TransportProtocol, addressName: String,
        addresses: [IPAddress], ports: [PortRange], mark: UInt32? = nil, method: ForwardingMethod = .masq,
        scheduler: Scheduler = .wlc, persistence: Int = 0, drainTime: Int? = nil, sources: [AddressPrefix] = [],
        options: ConnectionOptions = .none, backendAddress: IPAddress, backendPort: UInt16? = nil, weight: Int = 100
    ) {
        self.service = service
        self.section = section
        self.transport = transport
        self.addressName = addressName
        self.addresses = addresses
        self.ports = ports
        self.mark = mark
        self.method = method
        self.scheduler = scheduler
        self.persistence = persistence
        self.drainTime = drainTime
        self.sources = sources
        self.options = options
        self.backendAddress = backendAddress
        self.backendPort = backendPort
        self.weight = weight
    }
}

extension ExportRow {
    /// The oldest version that can express the row: a gateway that reads an older one would serve it wrongly.
    public var minimumVersion: ServicesCSV.Version { options.minimumVersion }
}

extension ExportRow: CustomStringConvertible {
    /// The line of `services.csv` in its newest version, without its line feed.
    public var description: String {
        var line = [UInt8]()
        ServicesCSV.append(self, .newest, to: &line)
        return String(decoding: line, as: UTF8.self)
    }
}
