import CNetlink
public import NetworkTypes

/// Links and addresses over rtnetlink (rtnetlink(7)), enough to tell which addresses are local.
///
///     let route = try Route.Connection()
///     let local = try route.localAddresses()
///     local.contains(publicAddress)
public enum Route {
    /// A network interface.
    public struct Link: Sendable, Hashable {
        public var index: Int32
        public var name: String
        /// `IFF_UP`
        public var isUp: Bool
        public var isLoopback: Bool
        /// The greatest size of a packet in bytes.
        public var mtu: UInt32
    }

    /// An address of an interface.
    public struct InterfaceAddress: Sendable, Hashable {
        /// The index of the interface.
        public var linkIndex: Int32
        public var address: IPAddress
        public var prefixLength: UInt8
        /// Duplicate address detection is running or has failed, so the address is not in use (IPv6).
        public var isTentative: Bool
        /// A secondary address of a subnet (IPv4), or a temporary one (IPv6).
        public var isSecondary: Bool
    }

    /// A connection to the links and addresses of the network namespace in which it was opened.
    ///
    /// One connection has one user: it is not `Sendable`; keep it inside one actor or one thread.
    public final class Connection {
        private let socket: NetlinkSocket
        private var buffer = MessageBuffer(capacity: 1 << 12)

        public init(timeout: Duration = .seconds(10)) throws(NetlinkError) {
            socket = try NetlinkSocket(bus: NETLINK_ROUTE, timeout: timeout, receiveBuffer: 1 << 20)
        }

        /// Lists all links.
        public func links() throws(NetlinkError) -> Dump<Link> {
            try dump(UInt16(RTM_GETLINK), ifinfomsg(), "list links") { message, links in
                if let link = Link(message) { links.append(link) }
            }
        }

        /// Lists all addresses of all links, of one family or both.
        public func addresses(_ family: AddressFamily? = nil) throws(NetlinkError) -> Dump<InterfaceAddress> {
            var header = ifaddrmsg()
            header.ifa_family = family?.rawValue ?? 0
            return try dump(UInt16(RTM_GETADDR), header, "list addresses") { message, addresses in
                if let address = InterfaceAddress(message) { addresses.append(address) }
            }
        }

        /// The addresses whose packets are delivered to this host: those in use, on links that are up. The rest of
        /// 127.0.0.0/8 is also local but not listed.
        public func localAddresses() throws(NetlinkError) -> Set<IPAddress> {
            var up: Set<Int32> = []
            var links = try links()
            while let link = try links.next() { if link.isUp { up.insert(link.index) } }
            var local: Set<IPAddress> = []
            var addresses = try addresses()
            while let address = try addresses.next() {
                if !address.isTentative, up.contains(address.linkIndex) { local.insert(address.address) }
            }
            return local
        }

        /// The addresses among `wanted` whose packets are not delivered to this host, in order. If no interface has
        /// an address, the routing tables are asked: a local route (`ip route add local 198.51.100.0/28 dev lo`) is
        /// as good as an address.
        ///
        /// Cost: lists all links and addresses, and sends one request for each address that no interface has.
        public func notLocal(among wanted: some Sequence<IPAddress>) throws(NetlinkError) -> [IPAddress] {
            let local = try localAddresses()
            var missing: [IPAddress] = []
            for address in wanted where !local.contains(address) {
                if try !hasLocalRoute(to: address) { missing.append(address) }
            }
            return missing
        }

        /// Whether a packet to the address would be delivered to this host (`RTN_LOCAL`).
        public func hasLocalRoute(to address: IPAddress) throws(NetlinkError) -> Bool {
            try path(to: address)?.kind == .local
        }

        /// Sends a request that is acknowledged, and passes on its replies.
        func request<Header: BitwiseCopyable>(
            _ type: UInt16, _ header: Header, _ command: String, _ body: (inout MessageBuffer) -> Void,
            onReply: (MessageView) -> Void
        ) throws(NetlinkError) {
            buffer.removeAll()
            let sequence = socket.nextSequence()
            buffer.message(type: type, flags: [.request, .ack], sequence: sequence) { message in
                message.header(header)
                body(&message)
            }
            try socket.request(buffer.bytes, sequence: sequence, command: command, onReply: onReply)
        }

        private func dump<Header: BitwiseCopyable, Element>(
            _ type: UInt16, _ header: Header, _ command: String, decode: @escaping Dump<Element>.Decoder
        ) throws(NetlinkError) -> Dump<Element> {
            buffer.removeAll()
            let sequence = socket.nextSequence()
            buffer.message(type: type, flags: [.request, .dump], sequence: sequence) { $0.header(header) }
            return try Dump(on: socket, buffer.bytes, sequence: sequence, command: command, decode: decode)
        }
    }
}

extension Route.Link {
    init?(_ message: MessageView) {
        guard Int(message.header.nlmsg_type) == Int(RTM_NEWLINK), let header = message.familyHeader(ifinfomsg.self)
        else { return nil }
        index = header.ifi_index
        isUp = header.ifi_flags & UInt32(IFF_UP) != 0
        isLoopback = header.ifi_flags & UInt32(IFF_LOOPBACK) != 0
        name = ""
        mtu = 0
        for attribute in message.attributes(behind: MemoryLayout<ifinfomsg>.size) {
            switch Int(attribute.type) {
            case Int(IFLA_IFNAME): name = attribute.string
            case Int(IFLA_MTU): mtu = attribute.number(UInt32.self) ?? 0
            default: break
            }
        }
    }
}

extension Route.InterfaceAddress {
    init?(_ message: MessageView) {
        guard Int(message.header.nlmsg_type) == Int(RTM_NEWADDR), let header = message.familyHeader(ifaddrmsg.self),
            let family = AddressFamily(rawValue: header.ifa_family)
        else { return nil }
        var address: IPAddress?
        var local: IPAddress?
        var flags = UInt32(header.ifa_flags)
        for attribute in message.attributes(behind: MemoryLayout<ifaddrmsg>.size) {
            switch Int(attribute.type) {
            case Int(IFA_ADDRESS): address = attribute.address(family)
            case Int(IFA_LOCAL): local = attribute.address(family)
            case Int(IFA_FLAGS): flags = attribute.number(UInt32.self) ?? flags
            default: break
            }
        }
        // On a point-to-point link IFA_ADDRESS is the peer's
        guard let own = local ?? address else { return nil }
        self.address = own
        linkIndex = Int32(bitPattern: header.ifa_index)
        prefixLength = header.ifa_prefixlen
        isTentative = flags & UInt32(IFA_F_TENTATIVE | IFA_F_DADFAILED) != 0
        isSecondary = flags & UInt32(IFA_F_SECONDARY) != 0
    }
}
