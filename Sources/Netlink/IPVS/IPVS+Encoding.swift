import CNetlink
import NetworkTypes

/// Values to messages. The order of attributes is that of libipvs, so the bytes are the same as ipvsadm's.
extension MessageBuffer {
    /// A command of the IPVS family.
    @inline(__always)
    mutating func ipvs(
        _ family: GenericNetlinkFamily, _ command: UInt8, flags: MessageFlags, sequence: UInt32,
        _ body: (inout Self) -> Void
    ) {
        message(type: family.id, flags: flags, sequence: sequence) { message in
            message.header(genlmsghdr(cmd: command, version: family.version, reserved: 0))
            body(&message)
        }
    }

    mutating func put(
        _ command: borrowing IPVS.Command, _ family: GenericNetlinkFamily, flags: MessageFlags, sequence: UInt32
    ) {
        switch command {
        case .addService(let identity, let settings):
            ipvs(family, IPVS.CommandNumber.newService, flags: flags, sequence: sequence) {
                $0.put(identity, settings)
            }
        case .setService(let identity, let settings):
            ipvs(family, IPVS.CommandNumber.setService, flags: flags, sequence: sequence) {
                $0.put(identity, settings)
            }
        case .deleteService(let identity):
            ipvs(family, IPVS.CommandNumber.deleteService, flags: flags, sequence: sequence) { $0.put(identity) }
        case .addDestination(let destination, let settings, let service):
            ipvs(family, IPVS.CommandNumber.newDestination, flags: flags, sequence: sequence) {
                $0.put(service)
                $0.put(destination, settings)
            }
        case .setDestination(let destination, let settings, let service):
            ipvs(family, IPVS.CommandNumber.setDestination, flags: flags, sequence: sequence) {
                $0.put(service)
                $0.put(destination, settings)
            }
        case .deleteDestination(let destination, let service):
            ipvs(family, IPVS.CommandNumber.deleteDestination, flags: flags, sequence: sequence) {
                $0.put(service)
                $0.put(destination)
            }
        }
    }

    /// The identity of a service, which is enough for all commands but NEW and SET.
    @inline(__always)
    mutating func put(_ identity: IPVS.ServiceIdentity) {
        nest(IPVS.CommandAttribute.service, flagged: true) { $0.putAttributes(identity) }
    }

    @inline(__always)
    mutating func put(_ identity: IPVS.ServiceIdentity, _ settings: IPVS.ServiceSettings) {
        nest(IPVS.CommandAttribute.service, flagged: true) { service in
            service.putAttributes(identity)
            service.put(IPVS.ServiceAttribute.scheduler, settings.scheduler)
            if let engine = settings.persistenceEngine { service.put(IPVS.ServiceAttribute.engine, engine) }
            var flags = settings.flags.intersection(.settable)
            if settings.persistence > 0 { flags.insert(.persistent) }
            service.put(
                IPVS.ServiceAttribute.flags, structure: ip_vs_flags(flags: flags.rawValue, mask: UInt32.max))
            service.put(IPVS.ServiceAttribute.timeout, settings.persistence)
            service.put(IPVS.ServiceAttribute.netmask, settings.netmask(identity.family))
        }
    }

    @inline(__always)
    private mutating func putAttributes(_ identity: IPVS.ServiceIdentity) {
        switch identity {
        case .address(let address, let transport, let port):
            put(IPVS.ServiceAttribute.family, UInt16(address.family.rawValue))
            put(IPVS.ServiceAttribute.transport, UInt16(transport.rawValue))
            put(IPVS.ServiceAttribute.address, address, width: 16)
            put(IPVS.ServiceAttribute.port, port.bigEndian)
        case .mark(let mark, let family):
            put(IPVS.ServiceAttribute.family, UInt16(family.rawValue))
            put(IPVS.ServiceAttribute.mark, mark)
        }
    }

    /// The identity of a destination, which is enough for DEL.
    @inline(__always)
    mutating func put(_ identity: IPVS.DestinationIdentity) {
        nest(IPVS.CommandAttribute.destination, flagged: true) { $0.putAttributes(identity) }
    }

    @inline(__always)
    mutating func put(_ identity: IPVS.DestinationIdentity, _ settings: IPVS.DestinationSettings) {
        nest(IPVS.CommandAttribute.destination, flagged: true) { destination in
            destination.putAttributes(identity)
            destination.put(IPVS.DestinationAttribute.method, settings.method.rawValue)
            destination.put(IPVS.DestinationAttribute.weight, settings.weight)
            destination.put(IPVS.DestinationAttribute.tunnelKind, settings.tunnel.kind.rawValue)
            destination.put(IPVS.DestinationAttribute.tunnelPort, settings.tunnel.port.bigEndian)
            destination.put(IPVS.DestinationAttribute.tunnelFlags, settings.tunnel.flags)
            destination.put(IPVS.DestinationAttribute.upperThreshold, settings.upperThreshold)
            destination.put(IPVS.DestinationAttribute.lowerThreshold, settings.lowerThreshold)
        }
    }

    @inline(__always)
    private mutating func putAttributes(_ identity: IPVS.DestinationIdentity) {
        put(IPVS.DestinationAttribute.family, UInt16(identity.address.family.rawValue))
        put(IPVS.DestinationAttribute.address, identity.address, width: 16)
        put(IPVS.DestinationAttribute.port, identity.port.bigEndian)
    }

    mutating func put(_ timeouts: IPVS.Timeouts) {
        put(IPVS.CommandAttribute.timeoutTCP, timeouts.tcp)
        put(IPVS.CommandAttribute.timeoutTCPFin, timeouts.tcpFin)
        put(IPVS.CommandAttribute.timeoutUDP, timeouts.udp)
    }

    mutating func put(_ daemon: IPVS.SyncDaemon) {
        nest(IPVS.CommandAttribute.daemon, flagged: true) { attributes in
            attributes.put(IPVS.DaemonAttribute.state, daemon.role.rawValue)
            attributes.put(IPVS.DaemonAttribute.interface, daemon.interface)
            attributes.put(IPVS.DaemonAttribute.syncID, daemon.syncID)
            if daemon.maximumLength > 0 { attributes.put(IPVS.DaemonAttribute.maximumLength, daemon.maximumLength) }
            if daemon.port > 0 { attributes.put(IPVS.DaemonAttribute.port, daemon.port) }
            if daemon.ttl > 0 { attributes.put(IPVS.DaemonAttribute.ttl, daemon.ttl) }
            switch daemon.group {
            case .some(let group) where group.family == .ipv4: attributes.put(IPVS.DaemonAttribute.group, group)
            case .some(let group): attributes.put(IPVS.DaemonAttribute.group6, group)
            case .none: break
            }
        }
    }
}

extension IPVS.ServiceSettings {
    /// NETMASK on the wire: a mask in network byte order for IPv4, a prefix length for IPv6.
    func netmask(_ family: AddressFamily) -> UInt32 {
        switch family {
        case .ipv4:
            let bits = UInt32(min(persistenceBits ?? 32, 32))
            return (bits == 0 ? 0 : UInt32.max << (32 - bits)).bigEndian
        case .ipv6:
            return UInt32(min(persistenceBits ?? 128, 128))
        }
    }

    /// The reverse; `nil` means all bits.
    static func persistenceBits(netmask: UInt32, _ family: AddressFamily) -> UInt8? {
        let bits =
            family == .ipv4 ? UInt8(UInt32(bigEndian: netmask).leadingZeroBitCountOfInverse) : UInt8(clamping: netmask)
        return Int(bits) >= family.bitWidth ? nil : bits
    }
}

extension UInt32 {
    fileprivate var leadingZeroBitCountOfInverse: Int { (~self).leadingZeroBitCount }
}
