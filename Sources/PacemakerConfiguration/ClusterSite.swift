public import NetworkTypes

/// What a pair of gateways is made of, as `portcullis-gateway cluster-config` is told.
public struct ClusterSite: Sendable, Hashable {
    /// A device that can cut a node off: an agent, and what it needs to know.
    public struct Fence: Sendable, Hashable {
        public var node: String
        public var agent: String
        /// `ip=10.0.0.11`
        public var parameters: [String]

        public init(node: String, agent: String, parameters: [String]) {
            self.node = node
            self.agent = agent
            self.parameters = parameters
        }
    }

    /// An address with the length of its network's prefix, `10.1.0.1/24`.
    public struct InterfaceAddress: Sendable, Hashable, LosslessStringConvertible {
        public var address: IPAddress
        public var prefixLength: Int

        public init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]),
                (1...(address.family == .ipv4 ? 32 : 128)).contains(length)
            else { return nil }
            (self.address, prefixLength) = (address, length)
        }

        public var description: String { "\(address)/\(prefixLength)" }
    }

    /// ADMIN on the LAN side.
    public struct Admin: Sendable, Hashable {
        /// Where the gateways reach it.
        public var address: InterfaceAddress
        /// The same as a URL, for the monitor.
        public var url: String

        public init(address: InterfaceAddress, url: String) {
            self.address = address
            self.url = url
        }
    }

    /// What gives a node its addresses.
    public enum AddressAgent: String, Sendable, CaseIterable {
        /// `ocf:portcullis:addresses`: all of them as one resource.
        case portcullis
        /// `ocf:heartbeat:IPaddr2`: a resource for each.
        case ipaddr2 = "IPaddr2"
    }

    /// Two.
    public var nodes: [String]
    /// The export's.
    public var publicAddresses: [IPAddress]
    /// The interface they belong to.
    public var publicInterface: String
    /// The real servers' default routes.
    public var insideAddresses: [InterfaceAddress]
    /// The interface those belong to.
    public var insideInterface: String
    public var addressAgent = AddressAgent.portcullis
    /// Seconds that the node which is not active waits before it shoots.
    public var fencingDelay = 1
    /// `nil`: ADMIN is elsewhere.
    public var admin: Admin?
    public var fences: [Fence]

    public init(
        nodes: [String], publicAddresses: [IPAddress], publicInterface: String,
        insideAddresses: [InterfaceAddress] = [], insideInterface: String = "", admin: Admin? = nil,
        fences: [Fence] = []
    ) {
        self.nodes = nodes
        self.publicAddresses = publicAddresses
        self.publicInterface = publicInterface
        self.insideAddresses = insideAddresses
        self.insideInterface = insideInterface
        self.admin = admin
        self.fences = fences
    }

    /// What the active node has, the real servers' routes first: without them no answer comes back.
    var activeAddresses: [(address: IPAddress, prefixLength: Int, interface: String)] {
        insideAddresses.map { ($0.address, $0.prefixLength, insideInterface) }
            + publicAddresses.map { ($0, $0.family.bitWidth, publicInterface) }
    }

    /// Nodes that nothing can cut off.
    public var nodesWithoutFence: [String] {
        let fenced = Set(fences.map(\.node))
        return nodes.filter { !fenced.contains($0) }
    }
}
