import Names
package import NetworkTypes
import ServicesExport
import Text
package import YAML

extension MetaConfigurationReader {
    static let gatewayKeys =
        [
            "name", "address", "ports", "protocol", "fwm", "scheduler", "weight", "debug-weight", "persistence",
            "drain",
            "method", "from",
        ] + optionKeys

    mutating func gatewaySections(_ node: YAMLNode, type: String) -> [GatewaySection] {
        var sections = [GatewaySection]()
        var places = [String: YAMLPosition]()
        for node in list(node, "a list of gateway sections") {
            guard let section = gatewaySection(node) else { continue }
            if let first = places.updateValue(section.position, forKey: section.name) {
                diagnostics.report(
                    node.position, "a section \"\(section.name)\" is there already, at \(first.line):\(first.column)")
            }
            sections.append(section)
        }
        reportOverlaps(sections, type: type)
        return sections
    }

    private mutating func gatewaySection(_ node: YAMLNode) -> GatewaySection? {
        guard let mapping = diagnostics.mapping(node, allowedKeys: Self.gatewayKeys, "a gateway section") else {
            return nil
        }
        let name = diagnostics.required("name", of: mapping) { node throws(YAMLError) in
            try node.objectName(.section, "the name of a section")
        }
        let pool = diagnostics.required("address", of: mapping) { node throws(YAMLError) in
            try node.objectName(.pool, "the name of an address pool")
        }
        let exposure = exposure(mapping)
        let method = diagnostics.optional(mapping["method"]) { node throws(YAMLError) in
            try node.choice(ForwardingMethod.self, "method")
        }
        let scheduler = diagnostics.optional(mapping["scheduler"]) { node throws(YAMLError) in
            try node.choice(Scheduler.self, "scheduler")
        }
        let weight = diagnostics.optional(mapping["weight"]) { node throws(YAMLError) in
            try node.integer("a weight", in: 0...ServicesCSV.maximumWeight)
        }
        let debugWeight = diagnostics.optional(mapping["debug-weight"]) { node throws(YAMLError) in
            try node.integer("a weight", in: 0...ServicesCSV.maximumWeight)
        }
        let persistence = diagnostics.optional(mapping["persistence"]) { node throws(YAMLError) in
            try node.integer("seconds", in: 0...ServicesCSV.maximumPersistence)
        }
        let drainTime = diagnostics.optional(mapping["drain"]) { node throws(YAMLError) in
            try node.integer("seconds", in: 0...ServicesCSV.maximumDrainTime)
        }
        let sources = uniqueList(mapping["from"], "a network or a list of them") { node throws(YAMLError) in
            try node.network()
        }
        let options = sectionOptions(mapping)
        guard let name, let pool, let exposure else { return nil }
        let section = GatewaySection(
            name: name, pool: pool, exposure: exposure, scheduler: scheduler ?? .wlc, weight: weight ?? 100,
            debugWeight: debugWeight, persistence: persistence ?? 0, drainTime: drainTime, method: method ?? .masq,
            sources: sources.withoutInner, options: options, position: node.position)
        checkMethod(section, mapping)
        checkDebugWeight(section, mapping)
        checkOptions(section, mapping)
        checkDatagramMark(section)
        return section
    }

    private mutating func exposure(_ mapping: YAMLMapping) -> GatewaySection.Exposure? {
        switch (mapping["ports"], mapping["fwm"]) {
        case (let ports?, nil):
            let protocols = protocols(mapping["protocol"])
            return portMappings(ports).map { .ports($0, protocols: protocols) }
        case (nil, let fwm?):
            if mapping["protocol"] != nil {
                diagnostics.report(
                    mapping.keyPosition("protocol"),
                    "under a firewall mark, protocols stand in \"fwm\" as \"protocols\"")
            }
            return markSection(fwm).map { .mark($0) }
        case (_?, _?):
            diagnostics.report(mapping.keyPosition("fwm"), "a section has \"ports\" or \"fwm\", not both")
        case (nil, nil):
            diagnostics.report(mapping.position, "a gateway section needs \"ports\" or \"fwm\"")
        }
        return nil
    }

    /// `{80: 8080, 443: 8443}`, or `[80, 443]` or `80` for ports that stay the same.
    private mutating func portMappings(_ node: YAMLNode) -> [PortMapping]? {
        let pairs: [(publicPort: YAMLNode, internalPort: YAMLNode)]
        switch node.content {
        case .mapping(let mapping) where node.tag == nil: pairs = mapping.map { ($0.key.node, $0.value) }
        case .sequence(let nodes) where node.tag == nil: pairs = nodes.map { ($0, $0) }
        default: pairs = [(node, node)]
        }
        guard !pairs.isEmpty else {
            diagnostics.report(node.position, "expected ports, found an empty \(node.summary.dropFirst(2))")
            return nil
        }
        var places = [UInt16: YAMLPosition]()
        var mappings = [PortMapping]()
        for pair in pairs {
            guard let publicPort = diagnostics.optional(pair.publicPort, { node throws(YAMLError) in try node.port() }),
                let internalPort = pair.internalPort.position == pair.publicPort.position
                    ? publicPort
                    : diagnostics.optional(pair.internalPort, { node throws(YAMLError) in try node.port() })
            else { continue }
            if let first = places.updateValue(pair.publicPort.position, forKey: publicPort) {
                diagnostics.report(
                    pair.publicPort.position,
                    "the public port \(publicPort) is there already, at \(first.line):\(first.column)")
                continue
            }
            mappings.append(PortMapping(publicPort: publicPort, internalPort: internalPort))
        }
        return mappings.sorted { $0.publicPort < $1.publicPort }
    }

    private mutating func protocols(_ node: YAMLNode?) -> [TransportProtocol] {
        let known = TransportProtocol.allCases.map(\.description)
        let protocols = uniqueList(node, "a protocol or a list of them") { node throws(YAMLError) in
            let word = try node.choice(known, "protocol")
            guard let transport = TransportProtocol(word) else { throw node.unexpected("a protocol") }
            return transport
        }
        return protocols.isEmpty ? [.tcp] : protocols.sorted()
    }

    /// `{ports: 20000-29999, protocols: [tcp, udp], mark: 257, udp-mark: 258}`
    private mutating func markSection(_ node: YAMLNode) -> FirewallMarkSection? {
        let keys = ["ports", "protocols", "mark", "udp-mark"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "a mapping of ports and protocols") else {
            return nil
        }
        let ports = diagnostics.required("ports", of: mapping) { node throws(YAMLError) in try node.portRanges() }
        let mark = diagnostics.optional(mapping["mark"]) { node throws(YAMLError) in try node.firewallMark() }
        let datagramMark = diagnostics.optional(mapping["udp-mark"]) { node throws(YAMLError) in
            try node.firewallMark()
        }
        let protocols = protocols(mapping["protocols"])
        guard let ports else { return nil }
        return FirewallMarkSection(
            ports: ports, protocols: protocols, mark: mark, markPosition: mapping["mark"]?.position,
            datagramMark: datagramMark, datagramMarkPosition: mapping["udp-mark"]?.position)
    }

    /// Reports a mark for UDP where UDP cannot have its own.
    private mutating func checkDatagramMark(_ section: GatewaySection) {
        guard case .mark(let fwm) = section.exposure, let mark = fwm.datagramMark,
            let position = fwm.datagramMarkPosition
        else { return }
        if !section.sharesDatagrams {
            diagnostics.report(
                position, "\"udp-mark\" is for UDP beside another protocol; here \"mark\" is the only one")
        } else if section.persistence > 0 {
            diagnostics.report(
                position,
                "with \"persistence\" a client stays with its instance over all protocols, so they have one mark")
        } else if mark == fwm.mark {
            diagnostics.report(position, "UDP needs a mark of its own: \(mark) is that of the other protocols")
        }
    }

    /// Reports what the forwarding method cannot do.
    private mutating func checkMethod(_ section: GatewaySection, _ mapping: YAMLMapping) {
        switch (section.method, section.exposure) {
        case (.direct, .ports(let mappings, _)), (.tunnel, .ports(let mappings, _)):
            for ports in mappings where ports.publicPort != ports.internalPort {
                diagnostics.report(
                    mapping["ports"]?.position ?? section.position,
                    "the method \"\(section.method.rawValue)\" cannot turn port \(ports.publicPort) into "
                        + "\(ports.internalPort); use the same port inside, or \"masq\"")
            }
        case (.dnat, .mark):
            diagnostics.report(
                mapping.keyPosition("fwm"), "the method \"dnat\" takes ports, not a firewall mark")
        case (.dnat, .ports):
            for key in ["persistence", "scheduler"] where mapping[key] != nil {
                diagnostics.report(
                    mapping.keyPosition(key), "the method \"dnat\" has one server, so \"\(key)\" has no meaning here")
            }
            if mapping["drain"] != nil {
                diagnostics.report(
                    mapping.keyPosition("drain"),
                    "the method \"dnat\" has no drain time of its own, so \"drain\" has no meaning here")
            }
        default:
            break
        }
    }

    /// Reports a weight of other variants that is more than that of the main one, or that the gateways would not look at.
    private mutating func checkDebugWeight(_ section: GatewaySection, _ mapping: YAMLMapping) {
        guard let debugWeight = section.debugWeight else { return }
        let position = mapping.keyPosition("debug-weight")
        if section.method == .dnat {
            diagnostics.report(
                position, "the method \"dnat\" has one server, so \"debug-weight\" has no meaning here")
        } else if debugWeight > section.weight {
            diagnostics.report(
                position,
                "\"debug-weight\" is \(debugWeight) and the weight \(section.weight): other variants than release are slow, "
                    + "and get no more than the rest")
        } else if debugWeight > 0, section.scheduler.ignoresWeights {
            diagnostics.report(
                position,
                "the scheduler \"\(section.scheduler.rawValue)\" does not share by weight, so only \"debug-weight: 0\" has "
                    + "an effect; wlc, wrr and others do")
        }
    }

    private mutating func reportOverlaps(_ sections: [GatewaySection], type: String) {
        var marks = [UInt32: GatewaySection]()
        for section in sections {
            for wish in section.markWishes(of: type) {
                guard let mark = wish.mark else { continue }
                if let first = marks.updateValue(section, forKey: mark), first.name != section.name {
                    diagnostics.report(
                        wish.position,
                        "\(type)/\(section.name) uses the firewall mark \(mark), which \(type)/\(first.name) uses "
                            + "(\(first.position))")
                }
            }
        }
        var places = Set<PortClaim<String>.Overlap.Place>()
        for family in AddressFamily.allCases {
            let claims = sections.flatMap { $0.claims(of: type, on: family) }
            for overlap in PortClaim.overlaps(claims)
            where overlap.claim.section != overlap.other.section && places.insert(overlap.place).inserted {
                diagnostics.report(overlap.claim.position, overlap.message)
            }
        }
    }
}

extension YAMLNode {
    func firewallMark() throws(YAMLError) -> UInt32 {
        let marks = FirewallMarkSection.marks
        return UInt32(try integer("a firewall mark", in: Int(marks.lowerBound)...Int(marks.upperBound)))
    }

    /// A single port; a range has an error of its own.
    package func port() throws(YAMLError) -> UInt16 {
        if let scalar, scalar.text.hasByte("-"), PortRange(scalar.text) != nil {
            throw YAMLError(position, "\(summary) is a range of ports; ranges stand in \"fwm\" as \"ports\"")
        }
        return UInt16(try integer("a port number", in: 1...65_535))
    }

    /// A network in CIDR notation, or an address, which stands for itself alone.
    package func network() throws(YAMLError) -> AddressPrefix {
        let text = try text("a network as 198.51.100.0/24")
        if let address = IPAddress(text), let host = AddressPrefix(address: address, length: address.family.bitWidth) {
            return host
        }
        if let prefix = AddressPrefix(text) { return prefix }
        let parts = text.splitBytes("/")
        if parts.count == 2, let address = IPAddress(parts[0]), let length = UInt32(parts[1]),
            String(length) == parts[1]
        {
            guard length <= address.family.bitWidth else {
                throw YAMLError(position, "\(summary): the prefix length is 0 to \(address.family.bitWidth)")
            }
            throw YAMLError(position, "\(summary) is no network: the address has bits behind the prefix length")
        }
        throw unexpected("a network as 198.51.100.0/24")
    }

    /// One or several ports and ranges, ascending, with adjacent ones joined; an overlap is an error.
    func portRanges() throws(YAMLError) -> [PortRange] {
        var ranges = [(range: PortRange, node: YAMLNode)]()
        for node in try oneOrMore("a port, a range as 20000-29999, or a list of them") {
            guard case .scalar(let scalar) = node.content, node.tag == nil, let range = PortRange(scalar.text) else {
                throw node.unexpected("a port or a range as 20000-29999")
            }
            ranges.append((range, node))
        }
        ranges.sort { $0.range < $1.range }
        var merged = [PortRange]()
        for (range, node) in ranges {
            guard let last = merged.last else {
                merged.append(range)
                continue
            }
            guard range.first > last.last else {
                throw YAMLError(node.position, "\(range) overlaps other ports of the list")
            }
            if range.first == last.last + 1, let joined = PortRange(last.first, range.last) {
                merged[merged.count - 1] = joined
            } else {
                merged.append(range)
            }
        }
        return merged
    }
}
