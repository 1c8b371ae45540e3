/// IPVS, the kernel's load balancer, over generic netlink (`linux/ip_vs.h`, net/netfilter/ipvs/ip_vs_ctl.c).
///
/// `IPVS.Connection` talks to the kernel; everything else here is a plain value. What identifies a thing
/// (`ServiceIdentity`, `DestinationIdentity`), what is set on it (`ServiceSettings`,
/// `DestinationSettings`) and what the kernel counts (`ServiceStatistics`, `DestinationStatistics`) are
/// types of their own, so two states compare without the counters getting in the way:
///
///     let ipvs = try IPVS.Connection()
///     let web = IPVS.ServiceIdentity.address(address, .tcp, port: 80)
///     let report = try ipvs.apply([
///         .addService(web, .init(scheduler: "wlc")),
///         .addDestination(.init(address: server, port: 8080), .init(weight: 100), to: web),
///     ])
///     for failure in report.failures { print(failure.error) }
///
/// IPVS has no transaction: each command stands for itself and a failed one does not stop the others.
/// The command that empties everything (FLUSH) is not offered: other programs share the table.
public enum IPVS {}
