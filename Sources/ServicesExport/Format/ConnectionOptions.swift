public import HealthChecks
public import NetworkTypes

/// What a connection may ask for beside its forwarding: limits, hairpin, health. The columns that version 2 of the
/// export added.
public struct ConnectionOptions: Sendable, Hashable {
    /// No new connections for a real server that has so many; 0: no limit. Column `max_connections`.
    public var maximumConnections: Int
    /// The new connections per second of the whole connection, on all its addresses; 0: no limit. Column `max_rate`.
    public var maximumRate: Int
    /// What each client may do. Column `limit`.
    public var limit: SourceLimit?
    /// Whether each datagram is scheduled by itself. Column `one_packet`.
    public var isOnePacket: Bool
    /// The length of the prefix of clients that stay together with one server; `nil`: each address by itself. Column
    /// `persistence_mask`.
    public var persistenceMask: Int?
    /// Inside networks whose machines reach the public addresses from inside. Ascending, without overlaps. Column
    /// `hairpin`.
    public var hairpin: [AddressPrefix]
    /// How real servers are checked; `nil`: they are not. Column `check`.
    public var check: HealthCheck?
    /// Seconds in which a real server that comes back climbs to its weight; 0: at once. Column `slow_start`.
    public var slowStart: Int
    /// How many real servers get new connections at least, whatever the verdicts say. Column `minimum`.
    public var minimum: Int
    /// Who gets new connections while no real server does. Column `sorry`.
    public var sorry: SorryServer?

    /// Nothing of all that.
    public static let none = Self()

    public init(
        maximumConnections: Int = 0, maximumRate: Int = 0, limit: SourceLimit? = nil, isOnePacket: Bool = false,
        persistenceMask: Int? = nil, hairpin: [AddressPrefix] = [], check: HealthCheck? = nil, slowStart: Int = 0,
        minimum: Int = 0, sorry: SorryServer? = nil
    ) {
        self.maximumConnections = maximumConnections
        self.maximumRate = maximumRate
        self.limit = limit
        self.isOnePacket = isOnePacket
        self.persistenceMask = persistenceMask
        self.hairpin = hairpin
        self.check = check
        self.slowStart = slowStart
        self.minimum = minimum
        self.sorry = sorry
    }

    /// The oldest version that can express the options. One without checks serves as it did before there were any;
    /// one without limits would let through what the servers do not bear.
    public var minimumVersion: ServicesCSV.Version {
        var harmless = self
        (harmless.check, harmless.slowStart, harmless.minimum, harmless.sorry) = (nil, 0, 0, nil)
        return harmless == .none ? .one : .two
    }

    /// The first column in which `other` differs.
    func firstDifference(from other: Self) -> ServicesCSV.Column? {
        if maximumConnections != other.maximumConnections { return .maximumConnections }
        if maximumRate != other.maximumRate { return .maximumRate }
        if limit != other.limit { return .limit }
        if isOnePacket != other.isOnePacket { return .onePacket }
        if persistenceMask != other.persistenceMask { return .persistenceMask }
        if hairpin != other.hairpin { return .hairpin }
        if check != other.check { return .check }
        if slowStart != other.slowStart { return .slowStart }
        if minimum != other.minimum { return .minimum }
        if sorry != other.sorry { return .sorry }
        return nil
    }
}

/// Who gets the new connections of a virtual service while none of its real servers does.
public struct SorryServer: Sendable, Hashable {
    public var address: IPAddress
    /// The port; 0 with a mark: the client's port is kept.
    public var port: UInt16

    public init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }
}

extension SorryServer: LosslessStringConvertible, CustomStringConvertible {
    /// Reads what `description` writes.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        if let address = IPAddress(text) {
            self.init(address: address, port: 0)
        } else {
            guard let colon = text.utf8.lastIndex(of: 0x3A), let port = UInt16(text[text.utf8.index(after: colon)...]),
                port > 0
            else { return nil }
            let host = text[..<colon]
            let isBracketed = host.utf8.first == 0x5B && host.utf8.last == 0x5D
            guard let address = IPAddress(isBracketed ? host.dropFirst().dropLast() : host),
                (address.family == .ipv6) == isBracketed
            else { return nil }
            self.init(address: address, port: port)
        }
        guard description.utf8.elementsEqual(text.utf8) else { return nil }
    }

    /// `10.1.0.9:8080`, `[fd00::9]:8080`; without the port with a mark.
    public var description: String {
        port == 0 ? "\(address)" : address.endpoint(port)
    }
}
