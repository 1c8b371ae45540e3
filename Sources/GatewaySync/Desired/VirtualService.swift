public import Netlink

/// A virtual service with its real servers, as the export wants it or as the kernel has it.
public struct VirtualService: Sendable, Hashable {
    /// Scheduler, flags and persistence.
    public var settings: IPVS.ServiceSettings
    /// Ascending by address and port.
    public var destinations: [IPVS.Destination]

    /// - Parameter destinations: ascending by address and port.
    public init(settings: IPVS.ServiceSettings, destinations: [IPVS.Destination] = []) {
        self.settings = settings
        self.destinations = destinations
    }

    /// Whether clients are refused for as long as a server with weight 0 stays. `dh` sends a client to the server of
    /// its hash and to no other (ip_vs_dh.c); `sh` and `mh` have a fallback. If no server accepts connections any
    /// more, this makes no difference, and existing connections may go on.
    var refusesClientsOfDrained: Bool {
        settings.scheduler == "dh" && destinations.contains { $0.settings.weight > 0 }
    }

    /// The index of a real server in `destinations`, or the index at which to insert it. Cost: a binary search.
    package func position(of identity: IPVS.DestinationIdentity) -> (index: Int, isThere: Bool) {
        var low = 0
        var high = destinations.count
        while low < high {
            let middle = (low + high) / 2
            if destinations[middle].identity < identity { low = middle + 1 } else { high = middle }
        }
        return (low, low < destinations.count && destinations[low].identity == identity)
    }

    /// The settings of a real server; `nil` if the service does not have it. Cost: a binary search.
    public subscript(_ identity: IPVS.DestinationIdentity) -> IPVS.DestinationSettings? {
        let (index, isThere) = position(of: identity)
        return isThere ? destinations[index].settings : nil
    }
}

extension VirtualService {
    /// - Parameter servers: in any order.
    package init(settings: IPVS.ServiceSettings, servers: [IPVS.Destination]) {
        self.init(settings: settings, destinations: servers.sorted { $0.identity < $1.identity })
    }

    /// Whether the servers that the kernel lists are these, in any order. Cost: one comparison for each where they
    /// were added in order, as a load does (the kernel lists the latest first); otherwise a search for each.
    package func hasServers(_ servers: [IPVS.Destination]) -> Bool {
        servers.count == destinations.count
            && (destinations.reversed().elementsEqual(servers)
                || servers.allSatisfy { self[$0.identity] == $0.settings })
    }
}
