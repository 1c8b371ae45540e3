public import Netlink
public import NetworkTypes

/// The part of the kernel's state that Portcullis owns. Read once, then updated from the steps that were applied.
public struct KernelState: Sendable, Hashable {
    /// The virtual services that Portcullis owns.
    public var services: [IPVS.ServiceIdentity: VirtualService]
    /// Table `inet portcullis`; `nil` when it is absent.
    public var table: Table?

    /// Table `inet portcullis` with its elements.
    public struct Table: Sendable, Hashable {
        /// How the chains, rules and sets compare with `PortcullisTable`.
        public enum Shape: Sendable, Hashable {
            case intact
            /// The sets and counters that are there are right, but some are missing, or the rules or chains are not
            /// right. `strangers` are the chains that Portcullis did not make.
            case rulesAltered(strangers: [String])
            /// Sets, hooks or flags are wrong as well.
            case altered
        }

        /// How the chains, rules and sets compare with `PortcullisTable`.
        public var shape: Shape
        /// The elements of all sets and maps.
        public var elements: Set<TableElement>
        /// The chains of limits. An element leads to each, unless somebody else has deleted it.
        public var limiters: Set<ConnectionLimiter>

        /// - Parameter limiters: `nil`: those that the elements lead to.
        public init(
            shape: Shape = .intact, elements: Set<TableElement> = [], limiters: Set<ConnectionLimiter>? = nil
        ) {
            self.shape = shape
            self.elements = elements
            self.limiters = limiters ?? Set(elements.lazy.compactMap(\.limiter))
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
        case .absent, .altered: table = Table(limiters: Set(change.added.lazy.compactMap(\.limiter)))
        case .withdrawn: table = nil
        }
        for element in change.removed { table?.elements.remove(element) }
        for element in change.added { table?.elements.insert(element) }
        table?.limiters.formUnion(change.limiters.made)
        table?.limiters.subtract(change.limiters.deleted)
    }
}

extension VirtualService {
    /// Adds a real server, or replaces its settings.
    package mutating func set(_ identity: IPVS.DestinationIdentity, _ settings: IPVS.DestinationSettings) {
        let (index, isThere) = position(of: identity)
        if isThere {
            destinations[index].settings = settings
        } else {
            destinations.insert(IPVS.Destination(identity, settings), at: index)
        }
    }

    /// Removes a real server, if the service has it.
    package mutating func remove(_ identity: IPVS.DestinationIdentity) {
        let (index, isThere) = position(of: identity)
        if isThere { destinations.remove(at: index) }
    }
}

extension KernelState.Table {
    /// The public addresses in the table.
    public var addresses: [IPAddress] {
        elements.compactMap { if case .address(let address) = $0 { address } else { nil } }
    }
}
