import HealthChecks
import NetworkTypes
import ServicesExport
import Text
import YAML

extension MetaConfigurationReader {
    /// The keys of a gateway section that `SectionOptions` has.
    static let optionKeys = [
        "max-connections", "max-rate", "limit", "one-packet", "persistence-mask", "hairpin", "check", "slow-start",
        "minimum", "sorry",
    ]

    mutating func sectionOptions(_ mapping: YAMLMapping) -> SectionOptions {
        var options = SectionOptions()
        func number(_ key: String, _ what: String, to most: Int) -> Int {
            diagnostics.optional(mapping[key]) { node throws(YAMLError) in try node.integer(what, in: 0...most) } ?? 0
        }
        options.maximumConnections = number(
            "max-connections", "a number of connections", to: ServicesCSV.maximumConnections)
        options.maximumRate = number("max-rate", "new connections per second", to: ServicesCSV.maximumRate)
        options.minimum = number("minimum", "a number of instances", to: ServicesCSV.maximumRows)
        options.isOnePacket =
            diagnostics.optional(mapping["one-packet"]) { node throws(YAMLError) in try node.boolean() } ?? false
        options.slowStart =
            diagnostics.optional(mapping["slow-start"]) { node throws(YAMLError) in
                try node.seconds("a time", in: 0...ServicesCSV.maximumSlowStart)
            } ?? 0
        if let node = mapping["limit"] { sourceLimit(node, into: &options) }
        if let node = mapping["persistence-mask"] { options.persistenceMask = prefixLengths(node) }
        options.hairpin =
            uniqueList(mapping["hairpin"], "an inside network or a list of them") { [isStored] node throws(YAMLError) in
                let network = try node.network()
                if !isStored, [network].haveEveryClient(of: network.address.family) {
                    throw YAMLError(
                        node.position, "hairpin is for inside networks; \(network) would hide every client's address")
                }
                return network
            }.withoutInner
        for family in AddressFamily.allCases where !isStored && options.hairpin.haveEveryClient(of: family) {
            diagnostics.report(
                mapping.keyPosition("hairpin"),
                "hairpin is for inside networks; these together would hide the address of every \(family) client")
        }
        options.check = mapping["check"].flatMap { healthCheck($0) }
        options.sorry = mapping["sorry"].map { sorryServers($0) } ?? []
        return options
    }

    /// `100/s`, or `{rate: 100/s, burst: 200, connections: 50, prefix: 24}`.
    private mutating func sourceLimit(_ node: YAMLNode, into options: inout SectionOptions) {
        guard case .mapping = node.content, node.tag == nil else {
            options.limit = diagnostics.optional(node) { node throws(YAMLError) in
                SourceLimit(rate: try node.rate())
            }
            return
        }
        let keys = ["rate", "burst", "connections", "prefix"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "a limit") else { return }
        let rate = diagnostics.optional(mapping["rate"]) { node throws(YAMLError) in try node.rate() }
        let burst = diagnostics.optional(mapping["burst"]) { node throws(YAMLError) in
            try node.integer("new connections", in: SourceLimit.counts)
        }
        let connections = diagnostics.optional(mapping["connections"]) { node throws(YAMLError) in
            try node.integer("a number of connections", in: SourceLimit.connectionCounts)
        }
        if mapping["rate"] == nil, mapping["burst"] != nil {
            diagnostics.report(
                mapping.keyPosition("burst"), "\"burst\" is what may exceed a rate, and there is no \"rate\"")
        }
        if mapping["rate"] == nil, mapping["connections"] == nil {
            diagnostics.report(node.position, "a limit needs \"rate\", \"connections\" or both")
            return
        }
        if let node = mapping["prefix"] { options.limitPrefix = prefixLengths(node) }
        options.limit = SourceLimit(rate: rate, burst: burst, connections: connections ?? 0)
    }

    /// `24` for IPv4 alone, or `{ipv4: 24, ipv6: 64}`. A whole address is none.
    private mutating func prefixLengths(_ node: YAMLNode) -> PrefixLengths {
        func length(_ node: YAMLNode?, _ family: AddressFamily, _ hint: String = "") -> Int? {
            let bits = family.bitWidth
            let length = diagnostics.optional(node) { node throws(YAMLError) in
                guard let length = try? node.integer(in: 1...bits) else {
                    throw node.unexpected("the length of an \(family) prefix from 1 to \(bits)\(hint)")
                }
                return length
            }
            return length == bits ? nil : length
        }
        guard case .mapping = node.content, node.tag == nil else {
            return PrefixLengths(ipv4: length(node, .ipv4, ", or {ipv4: 24, ipv6: 64}"))
        }
        guard let mapping = diagnostics.mapping(node, allowedKeys: ["ipv4", "ipv6"], "prefix lengths") else {
            return PrefixLengths()
        }
        if mapping.pairs.isEmpty { diagnostics.report(node.position, "expected \"ipv4\", \"ipv6\" or both") }
        return PrefixLengths(ipv4: length(mapping["ipv4"], .ipv4), ipv6: length(mapping["ipv6"], .ipv6))
    }

    /// `10.1.0.9:8080`, or a list with one for each family.
    private mutating func sorryServers(_ node: YAMLNode) -> [SorryServer] {
        var families = Set<AddressFamily>()
        let servers = uniqueList(node, "a server as 10.1.0.9:8080, or a list with one for each family") {
            node throws(YAMLError) in
            let server = try node.value(SorryServer.self, "a server as 10.1.0.9:8080 or [fd00::9]:8080")
            if let reason = server.address.unusableReason {
                throw YAMLError(node.position, "\(server.address) is \(reason)")
            }
            guard families.insert(server.address.family).inserted else {
                throw YAMLError(node.position, "there is a sorry server for \(server.address.family) already")
            }
            return server
        }
        return servers.sorted { $0.address < $1.address }
    }
}

extension [AddressPrefix] {
    /// Whether the networks together have every address that a client in the world may have, apart from corners of the
    /// address space.
    fileprivate func haveEveryClient(of family: AddressFamily) -> Bool {
        let world =
            switch family {
            case .ipv4: ["16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/3", "128.0.0.0/2", "192.0.0.0/3"]
            case .ipv6: ["2000::/3"]
            }
        return world.compactMap { AddressPrefix($0) }.allSatisfy(cover)
    }
}

extension YAMLNode {
    /// `100/s`, `30/m` or `5/h`.
    fileprivate func rate() throws(YAMLError) -> SourceLimit.Rate {
        try value(SourceLimit.Rate.self, "a rate of 1 to 1000000 in a second, minute or hour, as 100/s, 30/m, 5/h")
    }
}
