import CNetlink
public import NetworkTypes

extension Route {
    /// The route to an address.
    public struct Path: Sendable, Hashable {
        /// What happens to packets to the address.
        public enum Kind: Sendable, Hashable {
            /// Through an interface, to the next hop or to the address itself.
            case unicast
            /// Delivered to the host itself.
            case local
            /// Not delivered: unreachable, prohibited, or a black hole.
            case refused
        }

        public var kind: Kind
        /// The index of the output interface.
        public var linkIndex: Int32
        /// The MTU of the route, if it has its own.
        public var mtu: UInt32?

        public init(kind: Kind, linkIndex: Int32, mtu: UInt32? = nil) {
            self.kind = kind
            self.linkIndex = linkIndex
            self.mtu = mtu
        }
    }
}

extension Route.Connection {
    /// Looks up the route to an address; `nil` if there is none. Sends no packet.
    public func path(to address: IPAddress) throws(NetlinkError) -> Route.Path? {
        var header = rtmsg()
        header.rtm_family = address.family.rawValue
        header.rtm_dst_len = UInt8(address.family.bitWidth)
        var path: Route.Path?
        do throws(NetlinkError) {
            try request(UInt16(RTM_GETROUTE), header, "look for the route to \(address)") { message in
                message.put(UInt16(RTA_DST.rawValue), address)
            } onReply: { message in
                path = Route.Path(message)
            }
        } catch  where error.code == .refused {
            // ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL (a black hole): the errors that a sender would get.
            return nil
        }
        return path
    }
}

extension Route.Path {
    init?(_ message: MessageView) {
        guard Int(message.header.nlmsg_type) == Int(RTM_NEWROUTE), let header = message.familyHeader(rtmsg.self) else {
            return nil
        }
        kind =
            switch Int(header.rtm_type) {
            case Int(RTN_UNICAST): .unicast
            case Int(RTN_LOCAL): .local
            default: .refused
            }
        linkIndex = 0
        for attribute in message.attributes(behind: MemoryLayout<rtmsg>.size) {
            switch Int(attribute.type) {
            case Int(RTA_OIF.rawValue): linkIndex = attribute.number(Int32.self) ?? 0
            case Int(RTA_METRICS.rawValue):
                for metric in attribute.nested where Int(metric.type) == Int(RTAX_MTU) {
                    mtu = metric.number(UInt32.self)
                }
            default: break
            }
        }
    }
}
