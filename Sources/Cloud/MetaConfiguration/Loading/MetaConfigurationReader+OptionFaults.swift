import HealthChecks
import NetworkTypes
import ServicesExport
import YAML

extension MetaConfigurationReader {
    /// Reports options that cannot stand beside each other, or beside the rest of their section.
    mutating func checkOptions(_ section: GatewaySection, _ mapping: YAMLMapping) {
        if section.method == .dnat {
            reportDestinationNATOptions(mapping)
        } else {
            reportHealthFaults(section, mapping)
            reportSorryFaults(section, mapping)
        }
        reportPacketFaults(section, mapping)
        reportHairpinFaults(section, mapping)
    }

    private mutating func report(_ mapping: YAMLMapping, _ key: String, _ message: @autoclosure () -> String) {
        diagnostics.report(mapping.keyPosition(key), message())
    }

    private mutating func reportDestinationNATOptions(_ mapping: YAMLMapping) {
        if mapping["max-connections"] != nil {
            report(
                mapping, "max-connections",
                "the method \"dnat\" counts no connections, so \"max-connections\" has no meaning here")
        }
        for key in ["check", "slow-start", "minimum", "sorry"] where mapping[key] != nil {
            report(mapping, key, "the method \"dnat\" has one server, so \"\(key)\" has no meaning here")
        }
        if mapping["one-packet"] != nil {
            report(
                mapping, "one-packet", "the method \"dnat\" schedules nothing, so \"one-packet\" has no meaning here")
        }
    }

    private mutating func reportHealthFaults(_ section: GatewaySection, _ mapping: YAMLMapping) {
        let options = section.options
        guard let check = options.check else {
            // A check that is there and faulty has an error already.
            for key in ["slow-start", "minimum"] where mapping[key] != nil && mapping["check"] == nil {
                report(mapping, key, "\"\(key)\" follows from verdicts, and there is no \"check\"")
            }
            return
        }
        if options.slowStart > 0, section.scheduler.ignoresSteps {
            report(
                mapping, "slow-start",
                "the scheduler \"\(section.scheduler.rawValue)\" does not share by weight, so \"slow-start\" has no "
                    + "effect; wlc, wrr and others do")
        }
        guard check.port == nil, check.probe.needsPort else { return }
        switch section.exposure {
        case .mark:
            report(
                mapping, "check",
                "under a firewall mark the service's port is the client's: the check needs a \"port\" of its own")
        case .ports(_, let protocols):
            let own = check.probe.transport
            guard !protocols.contains(own) else { return }
            report(
                mapping, "check",
                "the check asks by \(own), and the section's ports are reached by "
                    + "\(protocols.map(\.description).joined(separator: " and ")): give the check a \"port\"")
        }
    }

    private mutating func reportSorryFaults(_ section: GatewaySection, _ mapping: YAMLMapping) {
        for sorry in section.options.sorry where sorry.port != 0 {
            switch section.exposure {
            case .mark:
                report(
                    mapping, "sorry",
                    "under a firewall mark the client's port is kept: write \(sorry.address) without a port")
            case .ports(let mappings, _) where section.method == .direct || section.method == .tunnel:
                guard let ports = mappings.first(where: { $0.publicPort != sorry.port }) else { continue }
                report(
                    mapping, "sorry",
                    "the method \"\(section.method.rawValue)\" cannot turn port \(ports.publicPort) into \(sorry.port): "
                        + "write \(sorry.address) without a port")
            case .ports: break
            }
        }
    }

    private mutating func reportPacketFaults(_ section: GatewaySection, _ mapping: YAMLMapping) {
        let options = section.options
        if options.isOnePacket {
            if section.protocols != [.udp] {
                report(mapping, "one-packet", "only UDP can be scheduled packet by packet")
            }
            if section.persistence > 0 {
                report(
                    mapping, "one-packet",
                    "\"persistence\" keeps a client at one instance, and \"one-packet\" schedules each packet anew")
            }
            if options.maximumConnections > 0 {
                report(
                    mapping, "max-connections",
                    "\"one-packet\" keeps no connections, so \"max-connections\" has nothing to count")
            }
            if let limit = options.limit, limit.connections > 0 {
                report(
                    mapping, "limit", "\"one-packet\" keeps no connections, so \"connections\" has nothing to count")
            }
        }
        if mapping["persistence-mask"] != nil, section.persistence == 0 {
            report(
                mapping, "persistence-mask",
                "\"persistence-mask\" says who stays with an instance, and there is no \"persistence\"")
        }
    }

    private mutating func reportHairpinFaults(_ section: GatewaySection, _ mapping: YAMLMapping) {
        let hairpin = section.options.hairpin
        guard !hairpin.isEmpty else { return }
        if section.method == .direct || section.method == .tunnel {
            report(
                mapping, "hairpin",
                "under \"\(section.method.rawValue)\" servers have the public address themselves: \"hairpin\" needs "
                    + "\"masq\" or \"dnat\"")
        }
        guard !section.sources.isEmpty else { return }
        for network in hairpin where !section.sources.cover(network) {
            report(
                mapping, "hairpin", "\(network) is not among the sources of \"from\", so its machines may not connect")
        }
    }
}

extension Scheduler {
    /// Whether no weight but 0 makes a difference.
    var ignoresWeights: Bool {
        switch self {
        case .rr, .lc, .dh: true
        default: false
        }
    }

    /// Whether a weight that climbs in steps does not make more clients come: the weight is not looked at, or it is a
    /// rank.
    fileprivate var ignoresSteps: Bool {
        switch self {
        case .rr, .lc, .dh, .fo, .ovf: true
        default: false
        }
    }
}

extension Probe {
    /// The protocol whose port is asked, for a probe of a port.
    fileprivate var transport: TransportProtocol {
        switch self {
        case .dns, .udp: .udp
        case .tcp, .tls, .http, .smtp, .ping, .command: .tcp
        }
    }
}
