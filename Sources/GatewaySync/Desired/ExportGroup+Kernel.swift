package import Netlink
import NetworkTypes
import ServicesExport

extension ServicesExport.ForwardingMethod {
    /// Whether answers return through this machine.
    var isAnswerForwarded: Bool {
        switch self {
        case .masq, .dnat: true
        case .direct, .tunnel: false
        }
    }
}

extension ExternalConnection {
    /// Whether conntrack must know its connections, which it does not with IPVS by itself.
    var needsTracking: Bool { method != .dnat && (!options.hairpin.isEmpty || (options.limit?.connections ?? 0) > 0) }
}

/// How the kernel represents one external connection of the export.
extension ExportGroup {
    /// One virtual service per address and port, or one for the mark; none for destination NAT.
    package var virtualServices: [IPVS.ServiceIdentity] {
        if connection.method == .dnat { return [] }
        if let mark = connection.mark { return [.mark(mark, connection.family)] }
        let port = connection.ports[0].first
        return connection.addresses.map { .address($0, connection.transport, port: port) }
    }

    var forwardingMethod: IPVS.ForwardingMethod {
        switch connection.method {
        case .masq, .dnat: .masquerade
        case .direct: .direct
        case .tunnel: .tunnel
        }
    }

    var virtualService: VirtualService {
        // The hashing schedulers need their fallback flag. Without it they refuse a client whose server is draining.
        var flags: IPVS.ServiceFlags =
            switch connection.scheduler {
            case .sh, .mh: .scheduler1
            default: []
            }
        if connection.options.isOnePacket { flags.insert(.onePacket) }
        // IPVS tells a prefix of the whole address from none only by its length.
        let prefix = connection.options.persistenceMask.flatMap { $0 == connection.family.bitWidth ? nil : UInt8($0) }
        return VirtualService(
            settings: IPVS.ServiceSettings(
                scheduler: connection.scheduler.rawValue, flags: flags, persistence: UInt32(connection.persistence),
                persistenceBits: prefix),
            destinations: servers.map { server in
                IPVS.Destination(
                    IPVS.DestinationIdentity(address: server.address, port: server.port),
                    IPVS.DestinationSettings(
                        method: forwardingMethod, weight: UInt32(server.weight),
                        upperThreshold: UInt32(connection.options.maximumConnections)))
            })
    }

    /// The elements of table `inet portcullis`, except addresses, which groups share.
    package var elements: [TableElement] {
        var target: RealServer?
        if connection.method == .dnat {
            // Without a ready server the port is not admitted, since its packets would reach the gateway itself.
            target = translationTarget
            guard target != nil else { return [] }
        }
        var elements = [TableElement]()
        let limiter = ConnectionLimiter(connection)
        for address in connection.addresses {
            for ports in connection.ports {
                if !connection.sources.isEmpty {
                    for source in connection.sources {
                        elements.append(.source(address, connection.transport, ports, source))
                    }
                } else if ports.isSinglePort {
                    elements.append(.port(address, connection.transport, ports.first))
                } else {
                    elements.append(.range(address, connection.transport, ports))
                }
                if let mark = connection.mark {
                    elements.append(.mark(address, connection.transport, ports, mark))
                }
                if let target {
                    elements.append(
                        .dnat(address, connection.transport, ports.first, to: target.address, port: target.port))
                }
                if let limiter {
                    elements.append(.limit(address, connection.transport, ports, limiter, isTranslated: target != nil))
                }
                for source in connection.options.hairpin {
                    elements.append(.hairpin(address, connection.transport, ports, source))
                }
            }
        }
        return elements
    }
}
