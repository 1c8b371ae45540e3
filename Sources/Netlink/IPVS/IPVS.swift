/// IPVS, the kernel's load balancer, over generic netlink (`linux/ip_vs.h`, net/netfilter/ipvs/ip_vs_ctl.c).
///
/// `IPVS.Connection` talks to the kernel; everything else here is a plain value. Identities (`ServiceIdentity`,
/// `DestinationIdentity`), settings (`ServiceSettings`, `DestinationSettings`) and counters (`ServiceStatistics`,
/// `DestinationStatistics`) are separate types, so that two states can be compared without their counters:
///
///     let ipvs = try IPVS.Connection()
///     let web = IPVS.ServiceIdentity.address(address, .tcp, port: 80)
///     let report = try ipvs.apply([
///         .addService(web, .init(scheduler: "wlc")),
///         .addDestination(.init(address: server, port: 8080), .init(weight: 100), to: web),
///     ])
///     for failure in report.failures { print(failure.error) }
///
/// IPVS has no transactions: each command is independent, and a failed one does not stop the others. The command that
/// deletes everything (FLUSH) is not offered, since other programs share the table.
public enum IPVS {}
