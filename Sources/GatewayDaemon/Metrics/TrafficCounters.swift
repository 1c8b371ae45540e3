import Netlink

/// What IPVS has counted of each virtual service and real server, when it was read last.
struct TrafficCounters: Sendable {
    var services: [IPVS.ServiceIdentity: IPVS.ServiceStatistics] = [:]
    var servers: [IPVS.ServiceIdentity: [IPVS.DestinationEntry]] = [:]
}
