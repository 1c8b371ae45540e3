public import NetworkTypes

/// The description of a pair of gateways, from the options of `portcullis-gateway cluster-config`.
public struct ClusterSite: Sendable, Hashable {
    /// A device that can fence a node: an agent with its parameters.
    public struct Fence: Sendable, Hashable {
        public var node: String
        public var agent: String
        /// The agent's parameters: `ip=10.0.0.11`.
        public var parameters: [String]

        public init(node: String, agent: String, parameters: [String]) {
            self.node = node
            self.agent = agent
            self.parameters = parameters
        }
    }

    /// An address with the prefix length of its network, `10.1.0.1/24`.
    public struct InterfaceAddress: Sendable, Hashable, LosslessStringConvertible {
        public var address: IPAddress
        public var prefixLength: Int

        public init?(_ text: String) {
            // exact: neither part may have anything but ASCII
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]),
                (1...(address.family == .ipv4 ? 32 : 128)).contains(length)
            else { return nil }
            (self.address, prefixLength) = (address, length)
        }

        public var description: String { "\(address)/\(prefixLength)" }
    }

    /// ADMIN on the inside network.
    public struct Admin: Sendable, Hashable {
        /// The address at which the gateways reach it.
        public var address: InterfaceAddress
        /// The same as a URL, for the monitor.
        public var url: String

        public init(address: InterfaceAddress, url: String) {
            self.address = address
            self.url = url
        }
    }

    /// The agent that gives a node its addresses.
    public enum AddressAgent: String, Sendable, CaseIterable {
        /// `ocf:portcullis:addresses`: one resource for all addresses.
        case portcullis
        /// `ocf:heartbeat:IPaddr2`: one resource for each address.
        case ipaddr2 = "IPaddr2"
    }

    /// The names of the two nodes.
    public var nodes: [String]
    /// The public addresses of the export.
    public var publicAddresses: [IPAddress]
    /// The interface for the public addresses.
    public var publicInterface: String
    /// The addresses that are the real servers' default routes.
    public var insideAddresses: [InterfaceAddress]
    /// The interface for the inside addresses.
    public var insideInterface: String
    /// The agent for the addresses.
    public var addressAgent = AddressAgent.portcullis
    /// Seconds that the node which is not active waits before it fences the other.
    public var fencingDelay = 1
    /// ADMIN on the pair; `nil`: ADMIN runs elsewhere.
    public var admin: Admin?
    /// The fence devices.
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

    /// The addresses of the active node. The real servers' routes come first, since answers need them.
    var activeAddresses: [(address: IPAddress, prefixLength: Int, interface: String)] {
        insideAddresses.map { ($0.address, $0.prefixLength, insideInterface) }
            + publicAddresses.map { ($0, $0.family.bitWidth, publicInterface) }
    }

    /// Nodes without a fence device.
    public var nodesWithoutFence: [String] {
        let fenced = Set(fences.map(\.node))
        return nodes.filter { !fenced.contains($0) }
    }
}
