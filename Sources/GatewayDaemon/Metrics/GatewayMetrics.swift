import GatewaySync
import Netlink

/// The daemon's metrics: `portcullis_gateway_…`.
struct GatewayMetrics {
    let status: GatewayStatus
    let counters: GatewayCounters
    let traffic: TrafficCounters
    var conntrack: ConntrackUsage?

    /// The content of the metrics file.
    var bytes: [UInt8] {
        var metrics = MetricsText(prefix: "portcullis_gateway_")
        addState(to: &metrics)
        addPolls(to: &metrics)
        addExport(to: &metrics)
        addTrouble(to: &metrics)
        addConntrack(to: &metrics)
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
