import HealthChecks
import NetworkTypes
import ServicesExport
import Text

/// Makes sections of virtual servers, and gathers those with the same servers into types.
struct CloudConverter {
    let settings: KeepalivedImport.Settings
    let groups: [ExactText: [GroupEntry]]
    private(set) var notes: [KeepalivedNote] = []
    private var types: [ImportedType] = []
    /// The addresses of each pool, by the name.
    private var pools: [String: [IPAddress]] = [:]
    private var names: Set<String> = []
    /// The ports at which virtual servers take connections, with the lines of these.
    private var claims: [Claim: [(ports: PortRange, line: Int)]] = [:]

    private struct Claim: Hashable {
        let address: IPAddress
        let transport: TransportProtocol
    }

    init(settings: KeepalivedImport.Settings, groups: [ExactText: [GroupEntry]]) {
        self.settings = settings
        self.groups = groups
    }

    private mutating func note(_ place: KeepalivedPlace, _ keyword: String, _ reason: String) {
        notes.append(KeepalivedNote(place: place, keyword: keyword, reason: reason))
    }

    func cloud() -> ImportedCloud { ImportedCloud(types: types, pools: pools) }

    // MARK: Virtual servers

    mutating func add(_ server: VirtualServer) throws(KeepalivedError) {
        let exposures = try exposures(of: server)
        if exposures.isEmpty, case .group(let name) = server.key {
            note(
                server.place, "virtual_server group \(name)",
                "is left out: the group has no entry that is carried over")
        }
        guard !exposures.isEmpty else { return }
        let whole = server
        let servers = realServers(of: server)
        for exposure in exposures {
            if let line = claim(exposure, server.place.line) {
                note(
                    server.place, exposure.name,
                    "is left out: the virtual server of line \(line) takes the same connections, or some of them")
                continue
            }
            var server = whole
            checkPacketScheduling(&server, exposure.transports)
            for real in servers where real.threshold > 0 && server.isOnePacket != nil {
                note(real.place, "uthreshold", "is left out: with ops there are no connections to count")
            }
            var section = ImportedSection(
                name: exposure.name, pool: pool(exposure.addresses, named: exposure.poolName), exposure: exposure.ports,
                transports: exposure.transports, server: server, servers: servers)
            section.maximumConnections = server.isOnePacket == nil ? threshold(of: servers) : 0
            section.check = check(of: servers, section)
            section.sorry = sorry(of: server, section, exposure.port)
            place(section, named: exposure.typeName)
        }
    }

    /// Claims the ports of a virtual server. Returns the line of an earlier one that has some of them, if there is one.
    private mutating func claim(_ exposure: Exposure, _ line: Int) -> Int? {
        let ranges =
            switch exposure.ports {
            case .ports(let ports): ports.compactMap { PortRange($0.outside, $0.outside) }
            case .mark(let ranges): ranges
            }
        let places = exposure.addresses.flatMap { address in
            exposure.transports.map { Claim(address: address, transport: $0) }
        }
        for place in places {
            for (ports, line) in claims[place] ?? [] where ranges.contains(where: ports.overlaps) { return line }
        }
        for place in places { claims[place, default: []] += ranges.map { ($0, line) } }
        return nil
    }

    /// A place at which a virtual server takes connections.
    private struct Exposure {
        var addresses: [IPAddress]
        var ports: ImportedSection.Exposure
        var transports: [TransportProtocol]
        var name: String
        var typeName: String
        var poolName: String?
        /// The public port, where there is one.
        var port: UInt16?
    }

    private mutating func exposures(of server: VirtualServer) throws(KeepalivedError) -> [Exposure] {
        switch server.key {
        case .address(let address, let port):
            return [
                exposure([address], port, server, typeName: "vs-\(Self.word(address))\(port.map { "-\($0)" } ?? "")")
            ]
        case .mark(let mark):
            return try marked(mark, server, server.place, typeName: "fwmark-\(mark)")
        case .group(let name):
            guard let entries = groups[ExactText(name)] else {
                throw KeepalivedError(server.place, "there is no virtual_server_group \(name.printed())")
            }
            let typeName = Self.name(name)
            var found: [Exposure] = []
            var byPort: [UInt16?: [IPAddress]] = [:]
            for entry in entries {
                switch entry.key {
                case .mark(let mark): found += try marked(mark, server, entry.place, typeName: typeName)
                case .addresses(let addresses, let port): byPort[port, default: []] += addresses
                }
            }
            let ports = byPort.sorted { ($0.key ?? 0) < ($1.key ?? 0) }
            for (port, addresses) in ports {
                var one = exposure(Array(Set(addresses)).sorted(), port, server, typeName: typeName)
                one.poolName = ports.count == 1 ? typeName : "\(typeName)-\(port.map { "\($0)" } ?? "all")"
                found.append(one)
            }
            return found
        }
    }

    private mutating func exposure(
        _ addresses: [IPAddress], _ port: UInt16?, _ server: VirtualServer, typeName: String
    ) -> Exposure {
        let transport = server.transport
        guard let port else {
            return Exposure(
                addresses: addresses, ports: .mark(PortRange(1, 65_535).map { [$0] } ?? []), transports: [transport],
                name: "\(transport)-all", typeName: typeName)
        }
        let inside = insidePort(of: server) ?? port
        return Exposure(
            addresses: addresses, ports: .ports([(port, keepsPort(server) ? port : inside)]), transports: [transport],
            name: "\(transport)-\(port)", typeName: typeName, port: port)
    }

    private mutating func marked(
        _ mark: UInt32, _ server: VirtualServer, _ place: KeepalivedPlace, typeName: String
    ) throws(KeepalivedError) -> [Exposure] {
        guard let meaning = settings.marks[mark] else {
            throw KeepalivedError(
                place,
                "fwmark \(mark): the rules of nftables or iptables say which packets have it, not this file: say it "
                    + "with --mark \(mark)=198.51.100.36:80,443/tcp")
        }
        var one = Exposure(
            addresses: meaning.addresses, ports: .mark(meaning.ports), transports: meaning.transports,
            name: "fwmark-\(mark)", typeName: typeName, poolName: "fwmark-\(mark)")
        if let inside = insidePort(of: server), !keepsPort(server), meaning.ports.allSatisfy(\.isSinglePort) {
            one.ports = .ports(meaning.ports.map { ($0.first, inside) })
        }
        return [one]
    }

    /// The port that the real servers have; `nil`: the client's.
    private func insidePort(of server: VirtualServer) -> UInt16? { server.servers.first?.port }

    private func keepsPort(_ server: VirtualServer) -> Bool { server.method == .direct || server.method == .tunnel }

    // MARK: Real servers

    /// The servers that a section can have: each address once, all at one port and by one method.
    private mutating func realServers(of server: VirtualServer) -> [RealServer] {
        var found: [RealServer] = []
        for real in server.servers {
            let name = "real_server \(real.address)"
            if let reason = real.address.unusableReason {
                note(real.place, name, "is left out: it is \(reason)")
            } else if real.method != server.method {
                note(real.place, name, "is left out: a section has one method, \(server.method.rawValue)")
            } else if found.contains(where: { $0.address == real.address }) {
                note(real.place, name, "is left out: a server takes the connections of a section at one port")
            } else if let first = found.first, first.port != real.port, !keepsPort(server) {
                note(
                    real.place, name,
                    "is left out: the servers of a section have one port, \(first.port.map { "\($0)" } ?? "the client's")"
                )
            } else {
                found.append(real)
            }
        }
        return found
    }

    private mutating func checkPacketScheduling(_ server: inout VirtualServer, _ transports: [TransportProtocol]) {
        if let place = server.isOnePacket {
            let reason: String? =
                transports != [.udp]
                ? "only UDP can be scheduled packet by packet"
                : server.persistence > 0 ? "persistence keeps a client at one server" : nil
            if let reason {
                note(place, "ops", reason)
                server.isOnePacket = nil
            }
        }
        if server.persistence == 0, server.persistenceMask != nil {
            note(server.place, "persistence_granularity", "has no effect without persistence_timeout")
            server.persistenceMask = nil
        }
    }

    private mutating func threshold(of servers: [RealServer]) -> Int {
        let thresholds = servers.map(\.threshold)
        guard let first = thresholds.first else { return 0 }
        for server in servers.dropFirst() where server.threshold != first {
            note(
                server.place, "uthreshold",
                "a section has one max-connections for all its servers: the lowest is carried over")
        }
        return thresholds.filter { $0 > 0 }.min() ?? 0
    }

    /// The check of the first server, with the port that the section needs.
    private mutating func check(of servers: [RealServer], _ section: ImportedSection) -> HealthCheck? {
        guard let first = servers.first(where: { $0.check != nil }), var check = first.check else { return nil }
        for server in servers where server.check != check {
            note(
                server.checkPlace ?? server.place, server.check == nil ? "real_server" : "check",
                "a section has one check for all its servers: that of line \(first.checkPlace?.line ?? first.place.line) is "
                    + "carried over")
        }
        guard check.probe.needsPort else { return check }
        switch section.exposure {
        case .mark(let ranges):
            let only = ranges.count == 1 && ranges[0].isSinglePort ? ranges[0].first : nil
            check.port = check.port ?? first.port ?? only
            guard check.port != nil else {
                note(first.checkPlace ?? first.place, "check", "is left out: it names no port (connect_port)")
                return nil
            }
        case .ports(let ports):
            let inside = Set(ports.map(\.inside))
            if check.port == nil, let port = first.port, inside != [port] { check.port = port }
            if let port = check.port, inside == [port], section.transports.contains(check.probe.transport) {
                check.port = nil
            } else if check.port == nil, !section.transports.contains(check.probe.transport) {
                check.port = ports.first?.inside
            }
        }
        return check
    }

    private mutating func sorry(
        of server: VirtualServer, _ section: ImportedSection, _ publicPort: UInt16?
    ) -> VirtualServer.Sorry? {
        guard let sorry = server.sorry else { return nil }
        if let reason = sorry.address.unusableReason {
            note(sorry.place, "sorry_server", "is left out: \(sorry.address) is \(reason)")
            return nil
        }
        var port: UInt16?
        if case .ports(let ports) = section.exposure {
            port = keepsPort(server) ? nil : sorry.port ?? publicPort
            if ports.contains(where: { port == nil || $0.inside == port }),
                section.servers.contains(where: { $0.address == sorry.address })
            {
                note(sorry.place, "sorry_server", "is left out: it is one of the real servers")
                return nil
            }
        } else if section.servers.contains(where: { $0.address == sorry.address }) {
            note(sorry.place, "sorry_server", "is left out: it is one of the real servers")
            return nil
        }
        return VirtualServer.Sorry(address: sorry.address, port: port, place: sorry.place)
    }

    // MARK: Names

    /// The pool of the addresses, which may be there already.
    private mutating func pool(_ addresses: [IPAddress], named name: String?) -> String {
        if let known = pools.filter({ $0.value == addresses }).keys.min() { return known }
        let wanted = name ?? "ip-\(addresses.first.map(Self.word) ?? "")"
        var candidate = wanted
        var number = 1
        while pools[candidate] != nil {
            number += 1
            candidate = "\(wanted.prefix(58))-\(number)"
        }
        pools[candidate] = addresses
        return candidate
    }

    /// Puts a section to the type that has the same servers, or into a new one.
    private mutating func place(_ section: ImportedSection, named name: String) {
        var section = section
        let members = section.servers.map { ImportedType.Member(address: $0.address, weight: $0.weight) }
        if !members.isEmpty, let index = types.firstIndex(where: { $0.members == members }) {
            let wanted = section.name
            var number = 1
            while types[index].sections.contains(where: { $0.name == section.name }) {
                number += 1
                section.name = "\(wanted)-\(number)"
            }
            types[index].sections.append(section)
            noteName(of: section.server, types[index].name)
            return
        }
        let wanted = section.server.name.flatMap { Self.name($0).isExactly($0) ? $0 : nil } ?? name
        var candidate = String(wanted.prefix(52))
        var number = 1
        while candidate == "common" || names.contains(candidate) {
            number += 1
            candidate = "\(wanted.prefix(47))-\(number)"
        }
        names.insert(candidate)
        noteName(of: section.server, candidate)
        types.append(ImportedType(name: candidate, members: members, sections: [section]))
    }

    /// Notes that a type has another name than the virtual server.
    private mutating func noteName(of server: VirtualServer, _ type: String) {
        guard let name = server.name, !name.isExactly(type) else { return }
        note(server.place, "snmp_name", "\(name.printed(atMost: 100)) is lost: the type is \(type)")
    }

    /// `198-51-100-36`
    static func word(_ address: IPAddress) -> String {
        address.description.replacingByte(".", with: "-").replacingByte(":", with: "-")
    }

    /// A word as the name of a type: lower-case letters, digits, `-` and `_`.
    private static func name(_ word: String) -> String {
        var bytes = word.utf8.map { byte -> UInt8 in
            switch byte {
            case 0x41...0x5A: byte + 0x20
            case 0x61...0x7A, 0x30...0x39, 0x5F: byte
            default: 0x2D
            }
        }
        if bytes.first.map({ $0 == 0x2D || $0 == 0x5F }) ?? true { bytes.insert(0x67, at: 0) }
        return String(decoding: bytes.prefix(40), as: UTF8.self)
    }
}

extension Probe {
    /// The protocol whose port is asked.
    fileprivate var transport: TransportProtocol {
        switch self {
        case .dns, .udp: .udp
        case .tcp, .tls, .http, .smtp, .ping, .command: .tcp
        }
    }
}
