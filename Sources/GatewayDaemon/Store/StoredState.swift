import FoundationEssentials
public import GatewaySync
public import Netlink
public import NetworkTypes
public import ServicesExport

/// The content of `state.json`. In memory its times are seconds of the boot clock; the file has times of the wall
/// clock, and a stamp with which they are converted back.
public struct StoredState: Sendable, Hashable {
    /// The export in force: the kernel agrees with it, or is being brought into agreement.
    public var export: ExportDigest?
    /// The export that the kernel last agreed with.
    public var applied: ExportDigest?
    /// When that was, in seconds of the boot clock; negative if it was before the boot.
    public var appliedAt: Int?
    /// Our public addresses, including those of services that still drain.
    public var addresses: Set<IPAddress>
    /// Real servers that wait for their connections to end.
    public var drains: Drains
    /// Services of earlier exports that the kernel may still hold, with their drain times in seconds.
    public var leaving: [IPVS.ServiceIdentity: Int]
    /// Ports of earlier exports that conntrack may still translate.
    public var untranslated: Set<Conntrack.Destination>

    public init(
        export: ExportDigest? = nil, applied: ExportDigest? = nil, appliedAt: Int? = nil,
        addresses: Set<IPAddress> = [], drains: Drains = Drains(), leaving: [IPVS.ServiceIdentity: Int] = [:],
        untranslated: Set<Conntrack.Destination> = []
    ) {
        self.export = export
        self.leaving = leaving
        self.untranslated = untranslated
        self.applied = applied
        self.appliedAt = appliedAt
        self.addresses = addresses
        self.drains = drains
    }
}

extension StoredState {
    fileprivate struct Layout: Codable {
        var version = 1
        /// Absent in files of earlier versions.
        var clock: ClockStamp?
        var export: String?
        var applied: String?
        var appliedAt: Int?
        var addresses: [IPAddress] = []
        var drains: [Drain] = []
        var leaving: [Leaving] = []
        /// Absent from files of earlier versions.
        var translations: [Translation]? = []
        /// Also absent from files of earlier versions.
        var untranslated: [Service]? = []

        struct Translation: Codable {
            var service: Service
            var servers: [Server]
        }
        struct Leaving: Codable {
            var service: Service
            var drainTime: Int
        }
        struct Drain: Codable {
            var service: Service
            var servers: [Server]
            var kept: [Element]
        }
        struct Service: Codable {
            var address: IPAddress?
            var transport: String?
            var port: UInt16?
            var mark: UInt32?
            var family: UInt8?
        }
        struct Server: Codable {
            var address: IPAddress
            var port: UInt16
            var until: Int
        }
        struct Element: Codable {
            var kind: String
            var address: IPAddress
            var transport: String?
            var ports: String?
            var source: String?
            var mark: UInt32?
            var to: IPAddress?
            var toPort: UInt16?
        }
    }

    /// The content of the file, written now.
    public func json(at now: ClockReading) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let layout = Layout(
            clock: ClockStamp(now), export: export?.hex, applied: applied?.hex,
            appliedAt: appliedAt.map { $0 + now.wallOffset }, addresses: addresses.sorted(),
            drains: drains.services.sorted { $0.key < $1.key }.map { service, drain in
                Layout.Drain(
                    service: Layout.Service(service),
                    servers: drain.deadlines.sorted { $0.key < $1.key }.map {
                        Layout.Server(address: $0.key.address, port: $0.key.port, until: $0.value + now.wallOffset)
                    },
                    kept: drain.kept.sorted().map(Layout.Element.init))
            },
            leaving: leaving.sorted { $0.key < $1.key }.map {
                Layout.Leaving(service: Layout.Service($0.key), drainTime: $0.value)
            },
            translations: drains.translations.sorted { $0.key < $1.key }.map { port, deadlines in
                Layout.Translation(
                    service: Layout.Service(port),
                    servers: deadlines.sorted { $0.key < $1.key }.map {
                        Layout.Server(address: $0.key.address, port: $0.key.port, until: $0.value + now.wallOffset)
                    })
            }, untranslated: untranslated.sorted().map { Layout.Service($0) })
        // Strings, numbers and lists can always be encoded.
        return (try? encoder.encode(layout)).map { Array($0) + [0x0A] } ?? []
    }

    /// Reads the content of the file.
    /// - Throws: what is wrong with it, including numbers that are out of range.
    public init(json: [UInt8], at now: ClockReading) throws {
        try LayoutError.check(version: Layout().version, of: json)
        let layout = try LayoutError.decode(Layout.self, from: json)
        // Without a stamp, the wall clock is assumed never to have been set.
        let clock = layout.clock ?? ClockStamp(now)
        guard clock.isPlausible else { throw LayoutError(description: "clock is out of range") }
        func time(_ value: Int, _ name: String) throws(LayoutError) -> Int {
            guard ClockStamp.plausible.contains(value) else {
                throw LayoutError(description: "\(name) is \(value), which is no time")
            }
            return value
        }
        func deadlines(
            of servers: [Layout.Server], _ name: String
        ) throws(LayoutError) -> [IPVS.DestinationIdentity: Int] {
            var deadlines = [IPVS.DestinationIdentity: Int]()
            for server in servers {
                let until = try time(server.until, "until of \(name)")
                deadlines[IPVS.DestinationIdentity(address: server.address, port: server.port)] = min(
                    clock.deadline(until, now), now.boot + ServicesCSV.maximumDrainTime)
            }
            return deadlines
        }
        var leaving = [IPVS.ServiceIdentity: Int]()
        for entry in layout.leaving {
            guard let service = entry.service.identity else { throw LayoutError(description: "no service leaves") }
            guard (0...ServicesCSV.maximumDrainTime).contains(entry.drainTime) else {
                throw LayoutError(description: "the drain time of \(service) is \(entry.drainTime) s")
            }
            leaving[service] = entry.drainTime
        }
        var drains = Drains()
        for drain in layout.drains {
            guard let service = drain.service.identity else { throw LayoutError(description: "a drain of no service") }
            let deadlines = try deadlines(of: drain.servers, "\(service)")
            let kept = drain.kept.compactMap(\.element)
            guard kept.count == drain.kept.count else {
                throw LayoutError(description: "an element of \(service) that is none")
            }
            drains.services[service] = Drains.Service(deadlines: deadlines, kept: Set(kept))
        }
        for entry in layout.translations ?? [] {
            guard let port = entry.service.translatedPort else { throw LayoutError(description: "a drain of no port") }
            let deadlines = try deadlines(of: entry.servers, "\(port)")
            if !deadlines.isEmpty { drains.translations[port] = deadlines }
        }
        let untranslated = try (layout.untranslated ?? []).map { entry in
            guard let port = entry.translatedPort else { throw LayoutError(description: "no port leaves") }
            return port
        }
        self.init(
            export: layout.export.flatMap { ExportDigest(etag: "\"\($0)\"") },
            applied: layout.applied.flatMap { ExportDigest(etag: "\"\($0)\"") },
            appliedAt: try layout.appliedAt.map { try time($0, "appliedAt") + clock.offsetToBoot(now) },
            addresses: Set(layout.addresses), drains: drains, leaving: leaving, untranslated: Set(untranslated))
    }
}

extension StoredState.Layout.Service {
    fileprivate init(_ port: Conntrack.Destination) {
        self.init(.address(port.address, port.transport, port: port.port))
    }

    fileprivate var translatedPort: Conntrack.Destination? {
        guard case .address(let address, let transport, let port)? = identity else { return nil }
        return Conntrack.Destination(address, transport, port: port)
    }

    fileprivate init(_ service: IPVS.ServiceIdentity) {
        self.init()
        switch service {
        case .address(let address, let transport, let port):
            self.address = address
            self.transport = transport.description
            self.port = port
        case .mark(let mark, let family):
            self.mark = mark
            self.family = family.rawValue
        }
    }

    fileprivate var identity: IPVS.ServiceIdentity? {
        if let mark, let family = family.flatMap(AddressFamily.init(rawValue:)) { return .mark(mark, family) }
        guard let address, let transport = transport.flatMap({ TransportProtocol($0) }), let port else { return nil }
        return .address(address, transport, port: port)
    }
}

extension StoredState.Layout.Element {
    fileprivate init(_ element: TableElement) {
        self.init(
            kind: element.kind.rawValue, address: element.address, transport: element.transport?.description,
            ports: element.ports?.description)
        switch element {
        case .source(_, _, _, let prefix): source = prefix.description
        case .mark(_, _, _, let mark): self.mark = mark
        case .dnat(_, _, _, let to, let port): (self.to, toPort) = (to, port)
        // No drain keeps what limits a port or turns it inwards, nor what is of inside networks.
        case .address, .port, .range, .limit, .hairpin, .inside, .exempt, .egress: break
        }
    }

    fileprivate var element: TableElement? {
        guard let kind = PortcullisTable.Kind(rawValue: kind) else { return nil }
        if kind == .addresses { return .address(address) }
        guard let transport = transport.flatMap({ TransportProtocol($0) }), let ports = ports.flatMap({ PortRange($0) })
        else { return nil }
        switch kind {
        case .addresses, .limits, .dnatlimits, .hairpins, .inside, .exempt, .egress, .spread: return nil
        case .ports: return .port(address, transport, ports.first)
        case .ranges: return .range(address, transport, ports)
        case .sources:
            guard let prefix = source.flatMap({ AddressPrefix($0) }), prefix.address.family == address.family
            else { return nil }
            return .source(address, transport, ports, prefix)
        case .marks: return mark.map { .mark(address, transport, ports, $0) }
        case .dnat:
            guard let to, let toPort, to.family == address.family else { return nil }
            return .dnat(address, transport, ports.first, to: to, port: toPort)
        }
    }
}
