import AdminAPI
import GatewaySync
import ServiceSupport
import ServicesExport

extension Gateway {
    /// Writes status.json.
    func writeStatus() {
        let reconciler = synchronizer.reconciler
        status.held = held.map {
            GatewayStatus.Held(
                etag: $0.digest.etag, reasons: $0.objections, since: $0.since, isRejected: $0.isRejected)
        }
        status.drains = reconciler.drains.services.sorted { $0.key < $1.key }.flatMap { service, drain in
            drain.deadlines.sorted { $0.key < $1.key }.map { server, until in
                GatewayStatus.Drain(
                    service: "\(service)", server: server.text, until: until,
                    connections: synchronizer.connections[service, server], isWholeService: !drain.kept.isEmpty)
            }
        }
        status.drains += reconciler.drains.translations.sorted { $0.key < $1.key }.flatMap { port, deadlines in
            deadlines.sorted { $0.key < $1.key }.map { server, until in
                GatewayStatus.Drain(
                    service: "\(port)", server: "\(server)", until: until,
                    connections: synchronizer.flows[port].map { $0.connections[server] ?? 0 },
                    isWholeService: reconciler.desired.translations[port] == nil)
            }
        }
        status.checks = checks()
        status.problems = problems.sorted { $0.key < $1.key }.map(\.value)
        status.state =
            if current == nil {
                .waiting
            } else if !isSettled {
                .failing
            } else {
                held == nil ? .synchronized : .held
            }
        write("status.json", status.json(at: clocks()))
    }

    /// Writes the file of node_exporter's textfile collector.
    func writeMetrics() {
        let metrics = GatewayMetrics(
            status: status.byWallClock(at: clocks()), counters: counters, traffic: traffic,
            conntrack: ConntrackUsage.read(), health: synchronizer.reconciler.health,
            limit: configuration.metricsLimit)
        write("metrics.prom", metrics.bytes, to: configuration.metricsFile)
    }

    private func write(_ name: String, _ bytes: [UInt8], to path: String? = nil) {
        do {
            try Files.replace(path ?? "\(configuration.runDirectory)/\(name)", with: bytes, isDurable: false)
            solved(name)
        } catch {
            problem(name, "\(error)")
        }
    }
}
