import CNetlink
import NetworkTypes

extension MessageBuffer {
    /// The request for all flows of a family.
    mutating func flows(_ family: AddressFamily, sequence: UInt32) {
        conntrack(IPCTNL_MSG_CT_GET, family, flags: [.request, .dump], sequence: sequence) { _ in }
    }

    /// The request for the flows to a destination. A kernel that does not know the filter returns all flows of the
    /// family.
    mutating func flows(to destination: Conntrack.Destination, sequence: UInt32) {
        let family = destination.address.family
        conntrack(IPCTNL_MSG_CT_GET, family, flags: [.request, .dump], sequence: sequence) { message in
            message.nest(CTA_TUPLE_ORIG) { tuple in
                if family == .ipv4 { tuple.nest(CTA_TUPLE_IP) { $0.put(CTA_IP_V4_DST, destination.address) } }
                tuple.nest(CTA_TUPLE_PROTO) { part in
                    part.put(CTA_PROTO_NUM, destination.transport.rawValue)
                    part.put(CTA_PROTO_DST_PORT, destination.port.bigEndian)
                }
            }
            message.nest(CTA_FILTER) { filter in
                filter.put(CTA_FILTER_ORIG_FLAGS, Self.destinationFilter(family))
                filter.put(CTA_FILTER_REPLY_FLAGS, 0 as UInt32)
            }
        }
    }

    /// `CTA_FILTER_F_CTA_IP_DST`, `…_PROTO_NUM` and `…_PROTO_DST_PORT` of net/netfilter/nf_internals.h, which is not
    /// exported to user space. For IPv6 the address is left out: the kernel returns the flows whose address differs
    /// (`ctnetlink_filter_match_tuple`, up to Linux 6.18).
    private static func destinationFilter(_ family: AddressFamily) -> UInt32 {
        (family == .ipv4 ? 1 << 1 : 0) | 1 << 3 | 1 << 5
    }

    /// The request to forget one flow. `CTA_ID` makes sure that no other flow matches.
    mutating func delete(_ flow: Conntrack.Flow, acknowledged: Bool, sequence: UInt32) {
        let family = flow.source.family
        let flags: MessageFlags = acknowledged ? [.request, .ack] : .request
        conntrack(IPCTNL_MSG_CT_DELETE, family, flags: flags, sequence: sequence) { message in
            message.nest(CTA_TUPLE_ORIG) { tuple in
                tuple.nest(CTA_TUPLE_IP) { part in
                    part.put(family == .ipv4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, flow.source)
                    part.put(family == .ipv4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, flow.destination.address)
                }
                tuple.nest(CTA_TUPLE_PROTO) { part in
                    part.put(CTA_PROTO_NUM, flow.destination.transport.rawValue)
                    part.put(CTA_PROTO_SRC_PORT, flow.sourcePort.bigEndian)
                    part.put(CTA_PROTO_DST_PORT, flow.destination.port.bigEndian)
                }
            }
            if flow.zone != 0 { message.put(CTA_ZONE, flow.zone.bigEndian) }
            message.put(CTA_ID, flow.id.bigEndian)
        }
    }

    private mutating func conntrack(
        _ type: cntl_msg_types, _ family: AddressFamily, flags: MessageFlags, sequence: UInt32,
        _ body: (inout Self) -> Void
    ) {
        message(
            type: UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | UInt16(type.rawValue), flags: flags, sequence: sequence
        ) { message in
            message.header(nfgenmsg(nfgen_family: family.rawValue, version: UInt8(NFNETLINK_V0), res_id: 0))
            body(&message)
        }
    }

    private mutating func nest(_ type: some RawRepresentable<UInt32>, _ body: (inout Self) -> Void) {
        nest(UInt16(type.rawValue), flagged: true, body)
    }

    private mutating func put(
        _ type: some RawRepresentable<UInt32>, _ number: some FixedWidthInteger & BitwiseCopyable
    ) {
        put(UInt16(type.rawValue), number)
    }

    private mutating func put(_ type: some RawRepresentable<UInt32>, _ address: IPAddress) {
        put(UInt16(type.rawValue), address)
    }
}

extension Conntrack.Flow {
    /// `nil` if the message is of another kind, or its flow is of a protocol without ports.
    init?(_ message: MessageView) {
        guard message.header.nlmsg_type >> 8 == UInt16(NFNL_SUBSYS_CTNETLINK),
            UInt32(message.header.nlmsg_type & 0xFF) == IPCTNL_MSG_CT_NEW.rawValue,
            let header = message.familyHeader(nfgenmsg.self),
            let family = AddressFamily(rawValue: header.nfgen_family)
        else { return nil }
        var (original, reply): (Tuple?, Tuple?)
        var (status, id): (UInt32, UInt32) = (0, 0)
        var zone: UInt16 = 0
        var hasEnded = false
        for attribute in message.attributes(behind: MemoryLayout<nfgenmsg>.size) {
            switch UInt32(attribute.type) {
            case CTA_TUPLE_ORIG.rawValue: original = Tuple(attribute, family)
            case CTA_TUPLE_REPLY.rawValue: reply = Tuple(attribute, family)
            case CTA_STATUS.rawValue: status = attribute.bigEndian(UInt32.self) ?? 0
            case CTA_PROTOINFO.rawValue: hasEnded = Self.hasEnded(attribute)
            case CTA_ID.rawValue: id = attribute.bigEndian(UInt32.self) ?? 0
            case CTA_ZONE.rawValue: zone = attribute.bigEndian(UInt16.self) ?? 0
            default: break
            }
        }
        guard let original, let reply, let transport = TransportProtocol(rawValue: original.transport) else {
            return nil
        }
        self.init(
            from: original.source, port: original.sourcePort,
            to: Conntrack.Destination(original.destination, transport, port: original.destinationPort),
            server: reply.source, serverPort: reply.sourcePort, isTranslated: status & IPS_DST_NAT.rawValue != 0,
            hasEnded: hasEnded, id: id, zone: zone)
    }

    /// Linux' numbers (`enum tcp_conntrack`). SCTP ends differently; its flows go within seconds after the end.
    private static func hasEnded(_ info: AttributeView) -> Bool {
        for part in info.nested where UInt32(part.type) == CTA_PROTOINFO_TCP.rawValue {
            for attribute in part.nested where UInt32(attribute.type) == CTA_PROTOINFO_TCP_STATE.rawValue {
                let state = attribute.number(UInt8.self).map(UInt32.init)
                return state == TCP_CONNTRACK_TIME_WAIT.rawValue || state == TCP_CONNTRACK_CLOSE.rawValue
            }
        }
        return false
    }

    /// One direction.
    private struct Tuple {
        var source: IPAddress
        var destination: IPAddress
        var transport: UInt8
        var sourcePort: UInt16
        var destinationPort: UInt16

        init?(_ tuple: AttributeView, _ family: AddressFamily) {
            var (source, destination): (IPAddress?, IPAddress?)
            var transport: UInt8?
            var (sourcePort, destinationPort): (UInt16?, UInt16?)
            for part in tuple.nested {
                for attribute in part.nested {
                    switch (UInt32(part.type), UInt32(attribute.type)) {
                    case (CTA_TUPLE_IP.rawValue, CTA_IP_V4_SRC.rawValue),
                        (CTA_TUPLE_IP.rawValue, CTA_IP_V6_SRC.rawValue):
                        source = attribute.address(family)
                    case (CTA_TUPLE_IP.rawValue, CTA_IP_V4_DST.rawValue),
                        (CTA_TUPLE_IP.rawValue, CTA_IP_V6_DST.rawValue):
                        destination = attribute.address(family)
                    case (CTA_TUPLE_PROTO.rawValue, CTA_PROTO_NUM.rawValue):
                        transport = attribute.number(UInt8.self)
                    case (CTA_TUPLE_PROTO.rawValue, CTA_PROTO_SRC_PORT.rawValue):
                        sourcePort = attribute.bigEndian(UInt16.self)
                    case (CTA_TUPLE_PROTO.rawValue, CTA_PROTO_DST_PORT.rawValue):
                        destinationPort = attribute.bigEndian(UInt16.self)
                    default: break
                    }
                }
            }
            guard let source, let destination, let transport, let sourcePort, let destinationPort else { return nil }
            self.source = source
            self.destination = destination
            self.transport = transport
            self.sourcePort = sourcePort
            self.destinationPort = destinationPort
        }
    }
}
