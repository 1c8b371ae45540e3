import NetworkTypes
import ServicesExport
import Text

/// Reads the virtual servers and groups of a configuration, and notes what the cloud cannot have.
struct KeepalivedReader {
    private(set) var virtualServers: [VirtualServer] = []
    private(set) var groups: [ExactText: [GroupEntry]] = [:]
    var notes: [KeepalivedNote] = []

    mutating func read(_ statements: [KeepalivedStatement]) throws(KeepalivedError) {
        for statement in statements {
            switch statement.keyword {
            case "virtual_server": virtualServers.append(try virtualServer(statement))
            case "virtual_server_group": try group(statement)
            default:
                note(statement, KeepalivedKeywords.global[statement.keyword] ?? "is not known to this import")
            }
        }
    }

    mutating func note(_ statement: KeepalivedStatement, _ reason: String) {
        notes.append(
            KeepalivedNote(
                place: statement.place, keyword: statement.words.prefix(2).joined(separator: " "), reason: reason))
    }

    /// Notes a keyword of a block that is not carried over.
    mutating func noteUnused(_ statement: KeepalivedStatement, _ reasons: [String: String]) {
        notes.append(
            KeepalivedNote(
                place: statement.place, keyword: statement.keyword,
                reason: reasons[statement.keyword] ?? "is not known to this import"))
    }

    // MARK: Groups

    private mutating func group(_ statement: KeepalivedStatement) throws(KeepalivedError) {
        guard let name = statement.value else { throw statement.fault("the name of the group is missing") }
        guard groups[ExactText(name)] == nil else {
            throw statement.fault("the group \(name.printed()) is there already")
        }
        var entries: [GroupEntry] = []
        for entry in statement.statements {
            if entry.keyword == "fwmark" {
                entries.append(GroupEntry(key: .mark(try entry.mark(at: 1)), place: entry.place))
                continue
            }
            let port = entry.words.count > 1 ? try entry.port(at: 1) : nil
            entries.append(GroupEntry(key: .addresses(try entry.addressRange(), port), place: entry.place))
        }
        groups[ExactText(name)] = entries
    }

    // MARK: Virtual servers

    private mutating func virtualServer(_ statement: KeepalivedStatement) throws(KeepalivedError) -> VirtualServer {
        let key: VirtualServer.Key
        switch statement.value {
        case "fwmark": key = .mark(try statement.mark(at: 2))
        case "group":
            guard statement.words.count > 2 else { throw statement.fault("the name of the group is missing") }
            key = .group(statement.words[2])
        default:
            let address = try statement.address(at: 1)
            key = .address(address, statement.words.count > 2 ? try statement.port(at: 2) : nil)
        }
        guard statement.block != nil else { throw statement.fault("a virtual_server has a block") }
        var server = VirtualServer(key: key, place: statement.place)
        var settings = CheckSettings()
        for part in statement.statements { try apply(part, to: &server, &settings) }
        if case .mark = key {
        } else if !statement.statements.contains(where: { $0.keyword == "protocol" }) {
            note(statement, "names no protocol, so it is UDP, as keepalived takes it")
            server.transport = .udp
        }
        // What stands behind a real server is its default, too.
        for part in statement.statements where part.keyword == "real_server" {
            server.servers.append(try realServer(part, settings, server.method))
        }
        return server
    }

    private mutating func apply(
        _ part: KeepalivedStatement, to server: inout VirtualServer, _ settings: inout CheckSettings
    ) throws(KeepalivedError) {
        if try settings.apply(part) { return }
        switch part.keyword {
        case "real_server", "ip_family", "sh-fallback", "mh-fallback": break
        case "lb_algo", "lvs_sched":
            guard let scheduler = part.value.flatMap(Scheduler.init(rawValue:)) else {
                throw part.fault("\((part.value ?? "").printed()) is no scheduler of IPVS")
            }
            server.scheduler = scheduler
        case "lb_kind", "lvs_method": server.method = try method(part)
        case "protocol":
            guard let transport = part.value.flatMap({ TransportProtocol($0.lowercased()) }) else {
                throw part.fault("\((part.value ?? "").printed()) is not TCP, UDP or SCTP")
            }
            server.transport = transport
        case "persistence_timeout":
            server.persistence = part.value == nil ? 360 : try part.number(in: 1...ServicesCSV.maximumPersistence)
        case "persistence_granularity": server.persistenceMask = try part.prefixLength()
        case "ops": server.isOnePacket = try part.boolean() ? part.place : nil
        case "snmp_name": server.name = part.value
        case "quorum":
            if try part.number(in: 1...Int(Int32.max)) > 1 {
                note(part, "there is no quorum: the sorry server is for when no real server is left")
            }
        case "sorry_server":
            server.sorry = VirtualServer.Sorry(
                address: try part.address(at: 1), port: part.words.count > 2 ? try part.port(at: 2) : nil,
                place: part.place)
        case "sorry_server_lvs_method":
            if try method(part) != server.method { note(part, "a sorry server has the method of its section") }
        default: noteUnused(part, KeepalivedKeywords.virtualServer)
        }
    }

    private mutating func method(_ part: KeepalivedStatement) throws(KeepalivedError) -> ForwardingMethod {
        switch part.value {
        case "NAT": return .masq
        case "DR": return .direct
        case "TUN":
            let words = part.words.dropFirst(2).filter { $0 != "type" && $0 != "ipip" && $0 != "nocsum" }
            if !words.isEmpty { note(part, "a tunnel is IPIP: \(words.joined(separator: " ").printed()) is not there") }
            return .tunnel
        default: throw part.fault("\((part.value ?? "").printed()) is not NAT, DR or TUN")
        }
    }

    private mutating func realServer(
        _ statement: KeepalivedStatement, _ defaults: CheckSettings, _ usualMethod: ForwardingMethod
    ) throws(KeepalivedError) -> RealServer {
        var server = RealServer(
            address: try statement.address(at: 1), port: statement.words.count > 2 ? try statement.port(at: 2) : nil,
            place: statement.place, method: usualMethod)
        var settings = defaults
        var checks: [KeepalivedStatement] = []
        for part in statement.statements {
            if try settings.apply(part) { continue }
            switch part.keyword {
            case "weight": server.weight = try part.number(in: 0...ServicesCSV.maximumWeight)
            case "lvs_method", "lb_kind": server.method = try method(part)
            case "uthreshold": server.threshold = try part.number(in: 0...ServicesCSV.maximumConnections)
            case let keyword where KeepalivedCheckReader.kinds.contains(keyword): checks.append(part)
            default: noteUnused(part, KeepalivedKeywords.realServer)
            }
        }
        for other in checks.dropFirst() { note(other, "a section has one check: the first is carried over") }
        guard let first = checks.first else { return server }
        var reader = KeepalivedCheckReader(settings: settings, server: server)
        server.check = try reader.check(first)
        server.checkPlace = first.place
        notes += reader.notes
        return server
    }
}

extension CheckSettings {
    /// Takes a keyword that virtual servers, real servers and checks have. Returns whether it is one.
    mutating func apply(_ part: KeepalivedStatement) throws(KeepalivedError) -> Bool {
        switch part.keyword {
        case "delay_loop": delayLoop = try part.milliseconds()
        case "connect_timeout": connectTimeout = try part.milliseconds()
        case "retry", "nb_get_retry": retry = try part.number(in: 0...Int(Int32.max))
        case "delay_before_retry": delayBeforeRetry = try part.milliseconds()
        case "virtualhost": virtualHost = part.value
        case "inhibit_on_failure": isInhibited = try part.boolean()
        default: return false
        }
        return true
    }
}
