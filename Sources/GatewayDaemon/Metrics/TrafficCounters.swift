import Netlink

/// The counters of IPVS, for each virtual service and real server, and of our table, as they were last read.
struct TrafficCounters: Sendable {
    var services: [IPVS.ServiceIdentity: IPVS.ServiceStatistics] = [:]
    /// The named counters of our table.
    var table: [Nftables.Counter] = []
    var servers: [IPVS.ServiceIdentity: [IPVS.DestinationEntry]] = [:]
}
