import Netlink

/// IPVS' counters for each virtual service and real server, as they were last read.
struct TrafficCounters: Sendable {
    var services: [IPVS.ServiceIdentity: IPVS.ServiceStatistics] = [:]
    var servers: [IPVS.ServiceIdentity: [IPVS.DestinationEntry]] = [:]
}
