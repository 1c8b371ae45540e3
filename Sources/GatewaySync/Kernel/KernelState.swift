public import Netlink
public import NetworkTypes

/// What the kernel holds of ours: read once, then kept up to date from the steps that were applied.
public struct KernelState: Sendable, Hashable {
    public var services: [IPVS.ServiceIdentity: VirtualService]
    /// Our table; `nil` when it is absent.
    public var table: Table?

    public struct Table: Sendable, Hashable {
        /// How chains, rules and sets compare with those of `PortcullisTable`.
        public enum Shape: Sendable, Hashable {
            case intact
            /// Sets and counter are right, rules or chains are not; of the chains, these are none of ours.
            case rulesAltered(strangers: [String])
            /// Even sets, or hooks, are not right.
            case altered
        }

        public var shape: Shape
        public var elements: Set<TableElement>

        public init(shape: Shape = .intact, elements: Set<TableElement> = []) {
            self.shape = shape
            self.elements = elements
        }
    }

    public init(services: [IPVS.ServiceIdentity: VirtualService] = [:], table: Table? = nil) {
        self.services = services
        self.table = table
    }

    /// Follows a command that the kernel has carried out.
    public mutating func apply(_ command: IPVS.Command) {
        switch command {
        case .addService(let identity, let settings):
            services[identity] = VirtualService(settings: settings)
        case .setService(let identity, let settings):
            services[identity]?.settings = settings
        case .deleteService(let identity):
            services[identity] = nil
        case .addDestination(let identity, let settings, to: let service),
            .setDestination(let identity, let settings, of: let service):
            services[service]?.set(identity, settings)
        case .deleteDestination(let identity, of: let service):
            services[service]?.remove(identity)
        }
    }

    /// Follows a transaction that the kernel has committed.
    public mutating func apply(_ change: TableChange) {
        guard !change.isEmpty else { return }
        switch change.skeleton {
        case .intact: break
        case .rules: table?.shape = .intact
        case .absent, .altered: table = Table()
        case .withdrawn: table = nil
        }
        for element in change.removed { table?.elements.remove(element) }
        for element in change.added { table?.elements.insert(element) }
    }
}

extension VirtualService {
    package mutating func set(_ identity: IPVS.DestinationIdentity, _ settings: IPVS.DestinationSettings) {
        let (index, isThere) = position(of: identity)
        if isThere {
            destinations[index].settings = settings
        } else {
            destinations.insert(IPVS.Destination(identity, settings), at: index)
        }
    }

    package mutating func remove(_ identity: IPVS.DestinationIdentity) {
        let (index, isThere) = position(of: identity)
        if isThere { destinations.remove(at: index) }
    }
}

extension KernelState.Table {
    /// The public addresses it holds: ours.
    public var addresses: [IPAddress] {
        elements.compactMap { if case .address(let address) = $0 { address } else { nil } }
    }
}
