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
                let reason = KeepalivedKeywords.global[statement.keyword]
                note(statement, reason ?? KeepalivedKeywords.reason(statement.keyword))
            }
        }
        let used = virtualServers.compactMap { server in
            if case .group(let name) = server.key { ExactText(name) } else { nil }
        }
        for statement in statements where statement.keyword == "virtual_server_group" {
            guard let name = statement.value, !used.contains(ExactText(name)) else { continue }
            note(statement, "no virtual_server refers to it")
        }
    }

    /// Notes the values that a keyword has beyond its own, and keywords that are there again, in all blocks of a virtual
    /// server or group.
    private mutating func noteExcess(in statement: KeepalivedStatement) {
        func note(_ part: KeepalivedStatement, _ reason: String) {
            notes.append(KeepalivedNote(place: part.place, keyword: part.keyword, reason: reason))
        }
        let keyword = KeepalivedKeywords.usual(statement.keyword)
        // The words of a tunnel are looked at where it is read.
        if let count = KeepalivedKeywords.valueCounts[keyword], statement.words.count > count + 1,
            !(keyword == "lvs_method" && statement.value == "TUN")
        {
            let rest = statement.words.dropFirst(count + 1).joined(separator: " ")
            note(
                statement,
                "\(rest.printed(atMost: 100)) is left out: "
                    + (count == 0 ? "it has no value" : "it has \(count == 1 ? "one value" : "two values")"))
        }
        var seen: Set<String> = []
        for part in statement.statements {
            let keyword = KeepalivedKeywords.usual(part.keyword)
            let isOnce =
                KeepalivedKeywords.valueCounts[keyword] != nil && !KeepalivedKeywords.repeatable.contains(keyword)
                || KeepalivedKeywords.lists.contains(keyword)
            if isOnce, !seen.insert(keyword).inserted { note(part, "is there again: the last one counts") }
            noteExcess(in: part)
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
                reason: reasons[statement.keyword] ?? KeepalivedKeywords.reason(statement.keyword)))
    }

    // MARK: Groups

    private mutating func group(_ statement: KeepalivedStatement) throws(KeepalivedError) {
        guard let name = statement.value else { throw statement.fault("the name of the group is missing") }
        guard groups[ExactText(name)] == nil else {
            throw statement.fault("the group \(name.printed()) is there already")
        }
        var entries: [GroupEntry] = []
        for entry in statement.statements {
            if entry.words.count > 2 {
                let rest = entry.words.dropFirst(2).joined(separator: " ")
                note(entry, "\(rest.printed(atMost: 100)) is left out: an entry has an address and a port")
            }
            if entry.keyword == "fwmark" {
                entries.append(GroupEntry(key: .mark(try entry.mark(at: 1)), place: entry.place))
                continue
            }
            let port = entry.words.count > 1 ? try entry.port(at: 1) : nil
            guard let addresses = try entry.addressRange() else {
                note(entry, "is left out: it has more than \(KeepalivedStatement.mostAddresses) addresses")
                continue
            }
            entries.append(GroupEntry(key: .addresses(addresses, port), place: entry.place))
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
        noteExcess(in: statement)
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
            server.persistence = part.value == nil ? 360 : try number(part, 1...ServicesCSV.maximumPersistence)
        case "persistence_granularity": server.persistenceMask = try part.prefixLength()
        case "ops": server.isOnePacket = try part.boolean() ? part.place : nil
        case "snmp_name": server.name = part.value
        case "quorum":
            if try part.number(in: 0...2).number > 1 {
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
            // exact: nothing else is equal to these ASCII words
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
            case "weight": server.weight = try number(part, 0...ServicesCSV.maximumWeight)
            case "lvs_method", "lb_kind": server.method = try method(part)
            case "uthreshold": server.threshold = try number(part, 0...ServicesCSV.maximumConnections)
            case let keyword where KeepalivedCheckReader.kinds.contains(keyword): checks.append(part)
            default: noteUnused(part, KeepalivedKeywords.realServer)
            }
        }
        // The first one that can be carried over.
        for part in checks {
            guard server.check == nil else {
                note(part, "a section has one check: that of line \(server.checkPlace?.line ?? 0) is carried over")
                continue
            }
            var reader = KeepalivedCheckReader(settings: settings, server: server)
            server.check = try reader.check(part)
            server.checkPlace = part.place
            notes += reader.notes
        }
        return server
    }

    /// A number, which is cut to the range with a note.
    private mutating func number(
        _ part: KeepalivedStatement, _ range: ClosedRange<Int>
    ) throws(KeepalivedError) -> Int {
        let (number, limited) = try part.number(in: range)
        if limited { note(part, "becomes \(number), the highest there is") }
        return number
    }
}

extension CheckSettings {
    /// Takes a keyword that virtual servers, real servers and checks have. Returns whether it is one.
    mutating func apply(_ part: KeepalivedStatement) throws(KeepalivedError) -> Bool {
        switch part.keyword {
        case "delay_loop": delayLoop = try part.milliseconds()
        case "connect_timeout": connectTimeout = try part.milliseconds()
        case "retry", "nb_get_retry": retry = try part.number(in: 0...Int(Int32.max)).number
        case "delay_before_retry": delayBeforeRetry = try part.milliseconds()
        case "virtualhost": virtualHost = part.value
        case "inhibit_on_failure": isInhibited = try part.boolean()
        default: return false
        }
        return true
    }
}
