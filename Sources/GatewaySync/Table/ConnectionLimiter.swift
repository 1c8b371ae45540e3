public import Netlink
public import NetworkTypes
public import ServicesExport

/// The limits of one external connection, as a chain that the packets of its new connections go through.
///
/// The name of the chain tells everything, so that a chain read from the kernel can be compared with what it should
/// be. With other limits it is another chain, whose counts begin anew; those of other connections stay.
public struct ConnectionLimiter: Sendable, Hashable {
    /// The connection's lowest public address, which with `transport` and `port` tells it from all others.
    public var address: IPAddress
    /// Its protocol.
    public var transport: TransportProtocol
    /// Its lowest port.
    public var port: UInt16
    /// What each client may do.
    public var source: SourceLimit?
    /// The new connections per second of all clients; 0: any number.
    public var maximumRate: Int

    public init(
        address: IPAddress, transport: TransportProtocol, port: UInt16, source: SourceLimit?, maximumRate: Int
    ) {
        self.address = address
        self.transport = transport
        self.port = port
        self.source = source
        self.maximumRate = maximumRate
    }

    /// The limiter of an external connection; `nil` if it has no limits.
    init?(_ connection: ExternalConnection) {
        let options = connection.options
        guard options.limit != nil || options.maximumRate > 0 else { return nil }
        self.init(
            address: connection.addresses[0], transport: connection.transport, port: connection.ports[0].first,
            source: options.limit, maximumRate: options.maximumRate)
    }

    /// How many sources a meter counts at most. Sources beyond them are not limited: a flood from many sources must
    /// not shut out everybody. What bounds such a flood is `maximumRate`.
    public static let meterSize: UInt32 = 65_536
    /// Seconds that a meter keeps a source at least and at most.
    private static let meterTimes = 10...86_400

    /// The dynamic set that counts the packets of each source; `nil` without a rate.
    public var meter: Nftables.SetDefinition? {
        source?.rate.map { rate in
            // After this time the source's tokens are back, and the element tells nothing any more.
            let refill = (source?.burst ?? 0) * rate.unit.seconds / rate.count + 1
            let seconds = min(max(refill, Self.meterTimes.lowerBound), Self.meterTimes.upperBound)
            return Nftables.SetDefinition(
                name: name, key: [key],
                dynamic: .init(size: Self.meterSize, timeout: UInt32(seconds)))
        }
    }

    /// The dynamic set that counts the connections of each source at a time, as conntrack knows them; `nil` without
    /// such a limit. The kernel forgets a source whose connections have ended.
    public var holdings: Nftables.SetDefinition? {
        guard let source, source.connections > 0 else { return nil }
        return Nftables.SetDefinition(name: name + "-now", key: [key], dynamic: .init(size: Self.meterSize))
    }

    private var key: Nftables.DataType { address.family == .ipv4 ? .ipv4Address : .ipv6Address }

    /// The sets that its rules add to.
    public var sets: [Nftables.SetDefinition] { [meter, holdings].compactMap(\.self) }

    /// The chain.
    public var chain: Nftables.Chain { Nftables.Chain(name: name) }

    /// The chain's rules. A source beyond its own limit does not use up what all have together.
    public var rules: [Nftables.Rule] {
        let family = address.family
        var rules: [Nftables.Rule] = []
        let key = [Nftables.Expression].family(family) + .source(family, prefix: source?.prefix ?? family.bitWidth)
        func bound(_ set: Nftables.SetDefinition, _ statement: Nftables.ElementStatement) {
            rules += [
                Nftables.Rule(
                    in: name, key, [.update(set: set.name, key: 0, statement)],
                    .count(on: PortcullisTable.limitedCounter), .drop),
                Nftables.Rule(
                    in: name, key, [.lookup(set: set.name, key: 0, isInverted: true)],
                    .count(on: PortcullisTable.unmeteredCounter)),
            ]
        }
        if let source, let rate = source.rate, let meter {
            bound(
                meter,
                .limitOver(rate: UInt64(rate.count), seconds: UInt64(rate.unit.seconds), burst: UInt32(source.burst)))
        }
        if let source, let holdings { bound(holdings, .connectionsOver(UInt32(source.connections))) }
        if maximumRate > 0 {
            rules.append(
                Nftables.Rule(
                    in: name, .limitOver(rate: UInt64(maximumRate), seconds: 1, burst: UInt32(maximumRate)),
                    .count(on: PortcullisTable.limitedCounter), .drop))
        }
        return rules
    }

    /// Makes the chain.
    func make(in transaction: inout Nftables.Transaction) {
        for set in sets { transaction.add(set) }
        transaction.add(chain)
        for rule in rules { transaction.add(rule) }
    }

    /// Deletes the chain, to which no element leads any more.
    func delete(in transaction: inout Nftables.Transaction) {
        transaction.flush(chain: name)
        transaction.append(.deleteChain(name))
        for set in sets { transaction.append(.deleteSet(set.name)) }
    }
}

extension ConnectionLimiter: Comparable {
    public static func < (a: Self, b: Self) -> Bool { a.name.utf8.lexicographicallyPrecedes(b.name.utf8) }
}
