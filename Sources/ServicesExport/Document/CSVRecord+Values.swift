import HealthChecks
import NetworkTypes
import Text

extension CSVRecord {
    /// The values of the connection's columns, each checked, and against each other.
    func connection() throws(Failure) -> ExternalConnection {
        let section = try name(.section)
        guard let transport = TransportProtocol(text(.transport)) else {
            throw unknown(.transport, among: TransportProtocol.allCases.map(\.description))
        }
        let addressName = try name(.addressName)
        let addresses = try publicAddresses()
        let ports = try portRanges()
        let mark = try self[.mark].isEmpty ? nil : UInt32(number(.mark, in: 1...Int(UInt32.max)))
        guard let method = ForwardingMethod(rawValue: text(.method)) else {
            throw unknown(.method, among: ForwardingMethod.allCases.map(\.rawValue))
        }
        guard let scheduler = Scheduler(rawValue: text(.scheduler)) else {
            throw unknown(.scheduler, among: Scheduler.allCases.map(\.rawValue))
        }
        let persistence = try number(.persistence, in: 0...ServicesCSV.maximumPersistence)
        let drainTime = try self[.drainTime].isEmpty ? nil : number(.drainTime, in: 0...ServicesCSV.maximumDrainTime)
        let sources = try prefixes(.sources, family: addresses[0].family)
        let options = try has(.maximumConnections) ? options(family: addresses[0].family) : .none
        if mark == nil {
            guard ports.count == 1, ports[0].isSinglePort else {
                throw failure(.ports, "\(text(.ports).printed()): without a mark a row has exactly one port")
            }
        } else if method == .dnat {
            throw failure(.method, "dnat takes no mark")
        }
        if method == .dnat, persistence != 0 {
            throw failure(.persistence, "dnat has one server: persistence must be 0")
        }
        if method == .dnat, drainTime != nil {
            throw failure(.drainTime, "dnat has no drain time of its own: drain_time must be empty")
        }
        let connection = ExternalConnection(
            section: section, transport: transport, addressName: addressName, addresses: addresses, ports: ports,
            mark: mark, method: method, scheduler: scheduler, persistence: persistence, drainTime: drainTime,
            sources: sources, options: options)
        try checkOptions(of: connection)
        return connection
    }

    /// Whether the line is an egress rule.
    var isEgress: Bool { has(.exceptions) && self[.method].elementsEqual(EgressRule.method.utf8) }

    /// The values of a line of method `snat`, each checked. Every other cell must be empty.
    func egress() throws(Failure) -> EgressRule {
        guard self[.service].elementsEqual(EgressRule.service.utf8) else {
            throw failure(.service, "\(text(.service).printed()): a row of method snat has service egress")
        }
        guard self[.transport].elementsEqual(EgressRule.transport.utf8) else {
            throw failure(.transport, "\(text(.transport).printed()): a row of method snat has protocol any")
        }
        let used: Set<ServicesCSV.Column> = [
            .service, .section, .transport, .addressName, .addresses, .method, .sources, .exceptions,
        ]
        for column in ServicesCSV.Column.allCases where !used.contains(column) && !self[column].isEmpty {
            throw failure(column, "\(text(column).printed()): must be empty in a row of method snat")
        }
        let (name, pool, addresses) = (try name(.section), try name(.addressName), try publicAddresses())
        let sources = try prefixes(.sources, family: addresses[0].family)
        let exceptions = try prefixes(.exceptions, family: addresses[0].family)
        guard !sources.isEmpty else { throw failure(.sources, "must not be empty") }
        for (column, networks) in [(ServicesCSV.Column.sources, sources), (.exceptions, exceptions)]
        where networks.count > EgressRule.maximumNetworks {
            throw failure(
                column, "\(networks.count) networks; an egress rule has at most \(EgressRule.maximumNetworks)")
        }
        guard addresses.count <= EgressRule.maximumAddresses else {
            throw failure(
                .addresses, "\(addresses.count) addresses; an egress rule has at most \(EgressRule.maximumAddresses)")
        }
        for source in sources {
            guard let address = addresses.first(where: source.contains) else { continue }
            throw failure(.sources, "\(source) has \(address), by which its machines would leave")
        }
        return EgressRule(
            name: name, addressName: pool, addresses: addresses, sources: sources, exceptions: exceptions)
    }

    /// The values of the columns that version 2 added, each checked.
    private func options(family: AddressFamily) throws(Failure) -> ConnectionOptions {
        guard self[.exceptions].isEmpty else {
            throw failure(.exceptions, "\(text(.exceptions).printed()): only a row of method snat has exceptions")
        }
        var options = ConnectionOptions(
            maximumConnections: try number(.maximumConnections, in: 0...ServicesCSV.maximumConnections),
            maximumRate: try number(.maximumRate, in: 0...ServicesCSV.maximumRate),
            isOnePacket: try number(.onePacket, in: 0...1) == 1, hairpin: try prefixes(.hairpin, family: family),
            slowStart: try number(.slowStart, in: 0...ServicesCSV.maximumSlowStart),
            minimum: try number(.minimum, in: 0...ServicesCSV.maximumRows))
        if !self[.limit].isEmpty {
            guard let limit = SourceLimit(text(.limit)), limit.prefix.map({ $0 <= family.bitWidth }) ?? true else {
                throw failure(
                    .limit, "\(text(.limit).printed()) is no limit (rate=100/s burst=200 connections=50 prefix=24)")
            }
            options.limit = limit
        }
        if !self[.persistenceMask].isEmpty {
            options.persistenceMask = try number(.persistenceMask, in: 1...family.bitWidth)
        }
        if !self[.check].isEmpty {
            do {
                options.check = try HealthCheck(text: text(.check))
            } catch {
                throw failure(.check, "\(text(.check).printed()): \(error)")
            }
        }
        if !self[.sorry].isEmpty {
            guard let sorry = SorryServer(text(.sorry)) else {
                throw failure(.sorry, "\(text(.sorry).printed()) is no address with a port (10.1.0.9:80, [fd00::9]:80)")
            }
            if let reason = sorry.address.unusableReason {
                throw failure(.sorry, "\(text(.sorry).printed()) is \(reason)")
            }
            options.sorry = sorry
        }
        return options
    }

    /// Checks the options against each other and the rest of the line.
    private func checkOptions(of connection: ExternalConnection) throws(Failure) {
        let options = connection.options
        if connection.method == .dnat {
            if options.maximumConnections != 0 {
                throw failure(.maximumConnections, "dnat counts no connections: max_connections must be 0")
            }
            if options.check != nil { throw failure(.check, "dnat has one server: check must be empty") }
            if options.sorry != nil { throw failure(.sorry, "dnat has one server: sorry must be empty") }
        }
        if options.isOnePacket, connection.transport != .udp || connection.persistence > 0 {
            throw failure(.onePacket, "only UDP without persistence can be scheduled packet by packet")
        }
        if options.persistenceMask != nil, connection.persistence == 0 {
            throw failure(.persistenceMask, "must be empty without persistence")
        }
        if let check = options.check {
            if check.port == nil, check.probe.needsPort, connection.mark != nil {
                throw failure(.check, "needs a port: under a mark the server's port is the client's")
            }
        } else {
            if options.slowStart > 0 { throw failure(.slowStart, "must be 0 without a check") }
            if options.minimum > 0 { throw failure(.minimum, "must be 0 without a check") }
        }
        if let sorry = options.sorry {
            guard sorry.address.family == connection.family || connection.method == .tunnel else {
                throw failure(
                    .sorry, "\(sorry) is not of the public addresses' family (\(connection.family))")
            }
            if (sorry.port == 0) != (connection.mark != nil) {
                throw failure(
                    .sorry,
                    connection.mark == nil
                        ? "\(sorry): without a mark the port is needed"
                        : "\(sorry): under a mark the client's port is kept")
            }
        }
    }

    /// Reads the values of columns `service` and `backend_address` to `weight`.
    func server(of connection: ExternalConnection) throws(Failure) -> RealServer {
        let service = try name(.service)
        let text = text(.backendAddress)
        guard !text.isEmpty else { throw failure(.backendAddress, "must not be empty") }
        guard let address = IPAddress(text) else {
            throw failure(.backendAddress, "\(text.printed()) is not an IP address")
        }
        if let reason = address.unusableReason { throw failure(.backendAddress, "\(text) is \(reason)") }
        guard address.family == connection.family || connection.method == .tunnel else {
            throw failure(
                .backendAddress, "\(text) is not of the public addresses' family (\(connection.family))")
        }
        var port: UInt16 = 0
        if connection.mark == nil {
            guard !self[.backendPort].isEmpty else {
                throw failure(.backendPort, "must be set: without a mark the server's port is needed")
            }
            port = UInt16(try number(.backendPort, in: 1...65_535))
        } else if !self[.backendPort].isEmpty {
            throw failure(.backendPort, "must be empty: under a mark the client's port is kept")
        }
        let weight = try number(.weight, in: 0...ServicesCSV.maximumWeight)
        return RealServer(address: address, port: port, weight: UInt16(weight), service: service)
    }

    private func name(_ column: ServicesCSV.Column) throws(Failure) -> String {
        guard ServicesCSV.isName(self[column]) else {
            throw failure(
                column,
                self[column].isEmpty
                    ? "must not be empty" : "\(text(column).printed()) is not a name ([a-z0-9][a-z0-9._-]{0,62})")
        }
        return text(column)
    }

    private func unknown(_ column: ServicesCSV.Column, among known: [String]) -> Failure {
        self[column].isEmpty
            ? failure(column, "must not be empty")
            : failure(column, "\(text(column).printed()) is not one of \(known.joined(separator: ", "))")
    }

    private func number(_ column: ServicesCSV.Column, in range: ClosedRange<Int>) throws(Failure) -> Int {
        let text = text(column)
        guard !text.isEmpty else { throw failure(column, "must not be empty") }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw failure(column, "\(text.printed()) is not a number")
        }
        guard text.utf8.first != 0x30 || text.utf8.count == 1 else {
            throw failure(column, "\(text.printed()) has a leading zero")
        }
        guard let number = Int(text), range.contains(number) else {
            throw failure(
                column, "\(text.printed()) is out of range (\(range.lowerBound) to \(range.upperBound))")
        }
        return number
    }

    /// The parts of a cell, which are separated by single spaces; none may be empty.
    private func list(_ column: ServicesCSV.Column) throws(Failure) -> [String] {
        guard !self[column].isEmpty else { return [] }
        let parts = self[column].split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            throw failure(column, "\(text(column).printed()): values are separated by one space")
        }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private func publicAddresses() throws(Failure) -> [IPAddress] {
        var addresses = [IPAddress]()
        for text in try list(.addresses) {
            guard let address = IPAddress(text) else {
                throw failure(.addresses, "\(text.printed()) is not an IP address")
            }
            guard address.description == text else {
                throw failure(.addresses, "\(text.printed()) must be written as \(address)")
            }
            if let reason = address.unusableReason { throw failure(.addresses, "\(text) is \(reason)") }
            if let last = addresses.last {
                guard last.family == address.family else {
                    throw failure(.addresses, "\(last) and \(address) are of different families")
                }
                guard last != address else { throw failure(.addresses, "\(address) stands twice") }
                guard last < address else {
                    throw failure(.addresses, "not in ascending order: \(last) stands before \(address)")
                }
            }
            addresses.append(address)
        }
        guard !addresses.isEmpty else { throw failure(.addresses, "must not be empty") }
        return addresses
    }

    private func portRanges() throws(Failure) -> [PortRange] {
        var ports = [PortRange]()
        for text in try list(.ports) {
            guard let range = PortRange(text) else {
                throw failure(.ports, "\(text.printed()) is not a port or a range of ports (1 to 65535)")
            }
            if let last = ports.last {
                guard !last.overlaps(range) else { throw failure(.ports, "\(range) overlaps \(last)") }
                guard last < range else {
                    throw failure(.ports, "not in ascending order: \(last) stands before \(range)")
                }
            }
            ports.append(range)
        }
        guard !ports.isEmpty else { throw failure(.ports, "must not be empty") }
        return ports
    }

    private func prefixes(
        _ column: ServicesCSV.Column, family: AddressFamily
    ) throws(Failure) -> [AddressPrefix] {
        var prefixes = [AddressPrefix]()
        for text in try list(column) {
            guard let prefix = AddressPrefix(text) else {
                throw failure(
                    column, "\(text.printed()) is not a prefix (address/length, no bits set behind the length)")
            }
            guard prefix.description == text else {
                throw failure(column, "\(text.printed()) must be written as \(prefix)")
            }
            guard prefix.address.family == family else {
                throw failure(column, "\(text) is not of the public addresses' family (\(family))")
            }
            if let last = prefixes.last {
                guard !last.contains(prefix.first), !prefix.contains(last.first) else {
                    throw failure(column, "\(prefix) overlaps \(last)")
                }
                guard last < prefix else {
                    throw failure(column, "not in ascending order: \(last) stands before \(prefix)")
                }
            }
            prefixes.append(prefix)
        }
        return prefixes
    }
}
