import AdminAPI
import GatewaySync
import HealthChecks
import Netlink

/// The daemon's metrics: `portcullis_gateway_…`.
struct GatewayMetrics {
    let status: GatewayStatus
    let counters: GatewayCounters
    let traffic: TrafficCounters
    var conntrack: ConntrackUsage?
    var health = HealthOverlay()
    /// The greatest number of targets that have a series each.
    var limit = 5_000

    /// The content of the metrics file.
    var bytes: [UInt8] {
        var metrics = MetricsText(prefix: "portcullis_gateway_")
        addState(to: &metrics)
        addPolls(to: &metrics)
        addExport(to: &metrics)
        addTrouble(to: &metrics)
        addConntrack(to: &metrics)
        addChecks(to: &metrics)
        addTargets(to: &metrics)
        addTable(to: &metrics)
        addServices(to: &metrics)
        addServers(to: &metrics)
        return metrics.bytes
    }

    private func addState(to metrics: inout MetricsText) {
        metrics.add(
            "info", .gauge, "What this gateway is: always 1.",
            [([("name", status.name), ("location", status.location ?? ""), ("role", status.role)], 1)])
        metrics.add(
            "start_timestamp_seconds", .gauge, "When the daemon started, in seconds since 1970.", status.startedAt)
        metrics.add(
            "role", .gauge, "1 for the part the gateway plays in its pair, 0 for the other.",
            GatewayRole.allCases.map { role -> (labels: MetricsText.Labels, value: Double) in
                ([("role", role.rawValue)], role.rawValue == status.role ? 1 : 0)
            })
        metrics.add(
            "state", .gauge, "1 for the state the gateway is in, 0 for the others.",
            GatewayStatus.State.allCases.map { state -> (labels: MetricsText.Labels, value: Double) in
                ([("state", state.rawValue)], state == status.state ? 1 : 0)
            })
    }

    private func addConntrack(to metrics: inout MetricsText) {
        metrics.add(
            "conntrack_entries", .gauge, "Entries of the connection tracking table in this network namespace.",
            conntrack?.entries)
        metrics.add(
            "conntrack_limit", .gauge, "Entries that there may be: beyond them packets are dropped.", conntrack?.limit)
    }

    private func addTable(to metrics: inout MetricsText) {
        metrics.add(
            "dropped_packets_total", .counter, "Packets to public addresses that no export admits.",
            status.packets.map { Double($0.dropped) })
        metrics.add(
            "limited_packets_total", .counter, "Packets of new connections that a limit has dropped.",
            status.packets.map { Double($0.limited) })
        metrics.add(
            "unmetered_packets_total", .counter,
            "Packets that passed a limit which had no room to count their source.",
            status.packets.map { Double($0.unmetered) })
    }

    private func addPolls(to metrics: inout MetricsText) {
        metrics.add(
            "polls_total", .counter, "Polls of ADMIN by what came of them.",
            counters.polls.sorted { $0.key < $1.key }.map { ([("result", $0.key)], Double($0.value)) })
        metrics.add(
            "last_poll_timestamp_seconds", .gauge, "When ADMIN was asked last, in seconds since 1970.",
            status.poll?.at)
        metrics.add(
            "last_successful_poll_timestamp_seconds", .gauge,
            "When ADMIN gave a usable answer last, in seconds since 1970.", status.poll?.succeededAt)
        metrics.add(
            "failed_polls", .gauge, "Polls that have failed since the last one that did not.",
            status.poll?.failures)
    }

    private func addExport(to metrics: inout MetricsText) {
        metrics.add("export_rows", .gauge, "Rows of the export in force.", status.export?.rows)
        metrics.add(
            "export_virtual_services", .gauge, "Virtual services of the export in force.",
            status.export?.virtualServices)
        metrics.add(
            "export_real_servers", .gauge, "Real servers of the export in force, each once per virtual service.",
            status.export?.realServers)
        metrics.add(
            "export_set_elements", .gauge, "Set elements of the export in force.", status.export?.elements)
        metrics.add(
            "applied_timestamp_seconds", .gauge,
            "When the kernel first agreed with the export it agrees with, in seconds since 1970.",
            status.applied?.since)
        metrics.add(
            "last_apply_duration_seconds", .gauge, "From the export in hand to the kernel done, the last time.",
            status.applied.map { $0.milliseconds / 1_000 })
        metrics.add(
            "applies_total", .counter, "Times the kernel was brought into agreement with an export.", counters.applies)
        metrics.add("kernel_changes_total", .counter, "Changes that the kernel took.", counters.kernelChanges)
        metrics.add("audits_total", .counter, "Times settings, IPVS and addresses were looked at.", counters.audits)
        metrics.add(
            "audit_rounds_total", .counter, "Times every real server was read back.", counters.auditRounds)
    }

    private func addTrouble(to metrics: inout MetricsText) {
        metrics.add(
            "export_held", .gauge, "1 while the guard holds an export back.", status.held == nil ? 0 : 1)
        metrics.add(
            "held_exports_total", .counter, "Exports that the guard has held back.", counters.heldExports)
        metrics.add(
            "failed_steps", .gauge, "Steps that the kernel refuses and that are tried again.", status.failureCount)
        metrics.add(
            "drift_repairs_total", .counter, "Steps that put right what others had changed.", status.drift.repairs)
        metrics.add(
            "foreign_services", .gauge, "Virtual services of others on our public addresses.",
            status.foreignServices.count)
        metrics.add(
            "missing_addresses", .gauge, "Public addresses of the export that the machine does not have.",
            status.missingAddresses.count)
        metrics.add(
            "wrong_settings", .gauge, "Settings of the machine that stop packets or lose connections.",
            status.settings.count)
        metrics.add(
            "problems", .gauge, "What else is wrong, as status lists it.",
            status.problems.count + status.errors.count)
        metrics.add("draining_servers", .gauge, "Real servers that drain.", status.drains.count)
        metrics.add(
            "draining_connections", .gauge, "Connections that draining real servers still have.",
            status.drains.reduce(0) { $0 + ($1.connections ?? 0) })
    }

    private func addChecks(to metrics: inout MetricsText) {
        guard let checks = status.checks else { return }
        metrics.add(
            "prober", .gauge, "1 for what the prober does, 0 for the others.",
            GatewayStatus.Checks.Prober.allCases.map { state -> (labels: MetricsText.Labels, value: Double) in
                ([("state", state.rawValue)], state == checks.prober ? 1 : 0)
            })
        metrics.add(
            "verdicts_in_force", .gauge, "1 while the verdicts of the prober count, 0 while ADMIN's word alone does.",
            checks.isInForce ? 1 : 0)
        metrics.add(
            "weights_held", .gauge, "1 while weights hold since too many servers failed at once.",
            checks.holdsUntil == nil ? 0 : 1)
        metrics.add("check_targets", .gauge, "Targets that are probed.", checks.targets)
        metrics.add("check_targets_down", .gauge, "Targets that are down.", checks.downCount)
        metrics.add(
            "verdict_changes_total", .counter, "Verdicts that have changed, by what they have become.",
            TargetHealth.Verdict.allCases.map { verdict -> (labels: MetricsText.Labels, value: Double) in
                ([("verdict", verdict.rawValue)], Double(counters.verdicts[verdict.rawValue] ?? 0))
            })
        metrics.add("probes_total", .counter, "Probes since the prober connected.", checks.probes)
        metrics.add("failed_probes_total", .counter, "Probes of them that have failed.", checks.failedProbes)
        metrics.add(
            "probe_lateness_seconds", .gauge, "By how much probes of the last seconds began late: the 99th percentile.",
            checks.lateness.map { $0 / 1_000 })
    }

    private func addTargets(to metrics: inout MetricsText) {
        guard health.targets.count <= limit else { return }
        let targets = health.targets.sorted { $0.value.id < $1.value.id }.map { target, known in
            (labels: MetricsText.rendered([("target", target.endpoint), ("check", "\(target.check)")]), known: known)
        }
        metrics.addRendered(
            "target_up", .gauge, "1: the target gets connections; 0: it is down. Absent before the first verdict.",
            targets.lazy.compactMap { target in
                target.known.verdict.map { (labels: target.labels, value: $0 == .up ? 1 : 0) }
            })
        metrics.addRendered(
            "target_latency_seconds", .gauge, "How long the last probe of the target took.",
            targets.lazy.compactMap { target in
                target.known.latency.map { (labels: target.labels, value: Double($0) / 1_000_000) }
            })
        metrics.addRendered(
            "target_failed_probes_total", .counter, "Probes of the target that have failed.",
            targets.lazy.map { (labels: $0.labels, value: Double($0.known.failures)) })
    }

    private static let traffic: [(name: String, help: String, value: @Sendable (IPVS.Traffic) -> UInt64)] = [
        ("connections_total", "Connections", \.connections),
        ("incoming_packets_total", "Packets from clients", \.incomingPackets),
        ("outgoing_packets_total", "Packets to clients", \.outgoingPackets),
        ("incoming_bytes_total", "Bytes from clients", \.incomingBytes),
        ("outgoing_bytes_total", "Bytes to clients", \.outgoingBytes),
    ]

    private func addServices(to metrics: inout MetricsText) {
        let services = traffic.services.sorted { $0.key < $1.key }.map { service, statistics in
            (
                labels: MetricsText.rendered([("virtual_service", "\(service)")]), traffic: statistics.traffic
            )
        }
        for (name, help, value) in Self.traffic {
            metrics.addRendered(
                "virtual_service_" + name, .counter, "\(help) of a virtual service.",
                services.lazy.map { (labels: $0.labels, value: Double(value($0.traffic))) })
        }
    }

    private func addServers(to metrics: inout MetricsText) {
        let servers = traffic.servers.sorted { $0.key < $1.key }.flatMap { service, entries in
            entries.map { entry in
                (
                    labels: MetricsText.rendered([
                        ("virtual_service", "\(service)"), ("real_server", entry.destination.identity.text),
                    ]), weight: entry.destination.settings.weight, statistics: entry.statistics
                )
            }
        }
        metrics.addRendered(
            "real_server_weight", .gauge, "Weight of a real server; 0: no new connections.",
            servers.lazy.map { (labels: $0.labels, value: Double($0.weight)) })
        metrics.addRendered(
            "real_server_active_connections", .gauge, "Connections a real server serves (TCP: established).",
            servers.lazy.map { (labels: $0.labels, value: Double($0.statistics.activeConnections)) })
        metrics.addRendered(
            "real_server_inactive_connections", .gauge, "Other connections that IPVS remembers of a real server.",
            servers.lazy.map { (labels: $0.labels, value: Double($0.statistics.inactiveConnections)) })
        for (name, help, value) in Self.traffic {
            metrics.addRendered(
                "real_server_" + name, .counter, "\(help) of a real server.",
                servers.lazy.map { (labels: $0.labels, value: Double(value($0.statistics.traffic))) })
        }
    }
}
