import CNetlink
import NetworkTypes

/// Messages to values. A message without a value here (such as a service of another protocol) decodes to `nil` and is
/// skipped.
extension IPVS.ServiceEntry {
    init?(_ attributes: AttributeSequence) {
        var family: AddressFamily?
        var transport: TransportProtocol?
        var address: AttributeView?
        var port: UInt16 = 0
        var mark: UInt32?
        var settings = IPVS.ServiceSettings()
        var netmask: UInt32?
        var traffic = IPVS.Traffic()
        var hasWideCounters = false

        for attribute in attributes {
            switch attribute.type {
            case IPVS.ServiceAttribute.family:
                family = attribute.number(UInt16.self).flatMap {
                    AddressFamily(rawValue: UInt8(truncatingIfNeeded: $0))
                }
            case IPVS.ServiceAttribute.transport:
                transport = attribute.number(UInt16.self).flatMap {
                    TransportProtocol(rawValue: UInt8(truncatingIfNeeded: $0))
                }
            case IPVS.ServiceAttribute.address: address = attribute
            case IPVS.ServiceAttribute.port: port = attribute.bigEndian(UInt16.self) ?? 0
            case IPVS.ServiceAttribute.mark: mark = attribute.number(UInt32.self)
            case IPVS.ServiceAttribute.scheduler: settings.scheduler = attribute.string
            case IPVS.ServiceAttribute.engine: settings.persistenceEngine = attribute.string
            case IPVS.ServiceAttribute.flags:
                settings.flags = IPVS.ServiceFlags(rawValue: attribute.structure(ip_vs_flags.self)?.flags ?? 0)
            case IPVS.ServiceAttribute.timeout: settings.persistence = attribute.number(UInt32.self) ?? 0
            case IPVS.ServiceAttribute.netmask: netmask = attribute.number(UInt32.self)
            case IPVS.ServiceAttribute.statistics:
                hasWideCounters = true
                traffic = IPVS.Traffic(attribute.nested)
            case IPVS.ServiceAttribute.statistics32 where !hasWideCounters:
                traffic = IPVS.Traffic(attribute.nested)
            default: break
            }
        }

        guard let family else { return nil }
        let identity: IPVS.ServiceIdentity
        if let mark, mark != 0 {
            identity = .mark(mark, family)
        } else {
            guard let transport, let address = address?.address(family) else { return nil }
            identity = .address(address, transport, port: port)
        }
        // The kernel stores a timeout even without the flag; it has no effect then
        if !settings.flags.contains(.persistent) { settings.persistence = 0 }
        settings.flags.formIntersection(.settable)
        settings.persistenceBits = netmask.flatMap { IPVS.ServiceSettings.persistenceBits(netmask: $0, family) }
        self.init(IPVS.Service(identity, settings), IPVS.ServiceStatistics(traffic: traffic))
    }
}

extension IPVS.DestinationEntry {
    /// - Parameter family: the service's; an attribute of the destination overrides it.
    init?(_ attributes: AttributeSequence, family: AddressFamily) {
        guard let destination = IPVS.Destination(attributes, family: family) else { return nil }
        self.init(destination, IPVS.DestinationStatistics(attributes))
    }
}

extension IPVS.Destination {
    /// - Parameter family: the service's; an attribute of the destination overrides it.
    init?(_ attributes: AttributeSequence, family serviceFamily: AddressFamily) {
        var family = serviceFamily
        var address: AttributeView?
        var port: UInt16 = 0
        var settings = IPVS.DestinationSettings()
        for attribute in attributes {
            switch attribute.type {
            case IPVS.DestinationAttribute.family:
                family =
                    attribute.number(UInt16.self).flatMap { AddressFamily(rawValue: UInt8(truncatingIfNeeded: $0)) }
                    ?? serviceFamily
            case IPVS.DestinationAttribute.address: address = attribute
            case IPVS.DestinationAttribute.port: port = attribute.bigEndian(UInt16.self) ?? 0
            case IPVS.DestinationAttribute.method:
                settings.method =
                    attribute.number(UInt32.self).flatMap {
                        IPVS.ForwardingMethod(rawValue: $0 & UInt32(IP_VS_CONN_F_FWD_MASK))
                    } ?? .masquerade
            case IPVS.DestinationAttribute.weight: settings.weight = attribute.number(UInt32.self) ?? 0
            case IPVS.DestinationAttribute.upperThreshold:
                settings.upperThreshold = attribute.number(UInt32.self) ?? 0
            case IPVS.DestinationAttribute.lowerThreshold:
                settings.lowerThreshold = attribute.number(UInt32.self) ?? 0
            case IPVS.DestinationAttribute.tunnelKind:
                settings.tunnel.kind = attribute.number(UInt8.self).flatMap { IPVS.Tunnel.Kind(rawValue: $0) } ?? .ipip
            case IPVS.DestinationAttribute.tunnelPort: settings.tunnel.port = attribute.bigEndian(UInt16.self) ?? 0
            case IPVS.DestinationAttribute.tunnelFlags: settings.tunnel.flags = attribute.number(UInt16.self) ?? 0
            default: break
            }
        }
        guard let address = address?.address(family) else { return nil }
        self.init(IPVS.DestinationIdentity(address: address, port: port), settings)
    }
}

extension IPVS.DestinationStatistics {
    init(_ attributes: AttributeSequence) {
        self.init()
        var hasWideCounters = false
        for attribute in attributes {
            switch attribute.type {
            case IPVS.DestinationAttribute.active: activeConnections = attribute.number(UInt32.self) ?? 0
            case IPVS.DestinationAttribute.inactive: inactiveConnections = attribute.number(UInt32.self) ?? 0
            case IPVS.DestinationAttribute.persistent: persistentConnections = attribute.number(UInt32.self) ?? 0
            case IPVS.DestinationAttribute.statistics:
                hasWideCounters = true
                traffic = IPVS.Traffic(attribute.nested)
            case IPVS.DestinationAttribute.statistics32 where !hasWideCounters:
                traffic = IPVS.Traffic(attribute.nested)
            default: break
            }
        }
    }
}

extension IPVS.Traffic {
    /// Numbers are 32 bits wide in STATS of old kernels, and 64 bits in STATS64.
    init(_ attributes: AttributeSequence) {
        for attribute in attributes {
            guard let number = attribute.number(UInt64.self) ?? attribute.number(UInt32.self).map(UInt64.init) else {
                continue
            }
            switch attribute.type {
            case IPVS.StatisticsAttribute.connections: connections = number
            case IPVS.StatisticsAttribute.incomingPackets: incomingPackets = number
            case IPVS.StatisticsAttribute.outgoingPackets: outgoingPackets = number
            case IPVS.StatisticsAttribute.incomingBytes: incomingBytes = number
            case IPVS.StatisticsAttribute.outgoingBytes: outgoingBytes = number
            case IPVS.StatisticsAttribute.connectionRate: connectionRate = number
            case IPVS.StatisticsAttribute.incomingPacketRate: incomingPacketRate = number
            case IPVS.StatisticsAttribute.outgoingPacketRate: outgoingPacketRate = number
            case IPVS.StatisticsAttribute.incomingByteRate: incomingByteRate = number
            case IPVS.StatisticsAttribute.outgoingByteRate: outgoingByteRate = number
            default: break
            }
        }
    }
}

extension IPVS.SyncDaemon {
    init?(_ attributes: AttributeSequence) {
        var role: Role?
        var interface = ""
        self.init(role: .master, interface: "")
        for attribute in attributes {
            switch attribute.type {
            case IPVS.DaemonAttribute.state: role = attribute.number(UInt32.self).flatMap { Role(rawValue: $0) }
            case IPVS.DaemonAttribute.interface: interface = attribute.string
            case IPVS.DaemonAttribute.syncID: syncID = attribute.number(UInt32.self) ?? 0
            case IPVS.DaemonAttribute.maximumLength: maximumLength = attribute.number(UInt16.self) ?? 0
            case IPVS.DaemonAttribute.group: group = attribute.address(.ipv4)
            case IPVS.DaemonAttribute.group6: group = attribute.address(.ipv6)
            case IPVS.DaemonAttribute.port: port = attribute.number(UInt16.self) ?? 0
            case IPVS.DaemonAttribute.ttl: ttl = attribute.number(UInt8.self) ?? 0
            default: break
            }
        }
        guard let role else { return nil }
        self.role = role
        self.interface = interface
    }
}
