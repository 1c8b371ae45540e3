import Netlink
import NetworkTypes
import TestSupport

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

/// Clients of destination NAT on a kernel in memory: their first packets, as the table and conntrack treat them.
enum Clients {
    /// So many packets from all over to the ports of `RandomExport`.
    static func call(_ kernel: InMemoryKernel, count: Int = 8, _ random: inout SeededGenerator) {
        for _ in 0..<count {
            let isIPv6 = Int.random(in: 0..<4, using: &random) == 0
            let host = UInt32.random(in: 1...3, using: &random)
            let isAllowed = Bool.random(using: &random)
            let source =
                isIPv6
                ? IPAddress(ipv6High: 0x2001_0DB8_0001_0000 + (isAllowed ? 0 : 0x10000), low: UInt64(host))
                : IPAddress(ipv4: (isAllowed ? 0xCB00_7100 : 0xC000_0200) + host)
            let port = Conntrack.Destination(
                isIPv6 ? IPAddress("2001:db8::36")! : IPAddress(ipv4: 0xC633_6424),
                Bool.random(using: &random) ? .tcp : .udp, port: UInt16.random(in: 100...103, using: &random))
            send(kernel, from: source, UInt16.random(in: 1...2, using: &random), to: port)
        }
    }

    private static func send(
        _ kernel: InMemoryKernel, from source: IPAddress, _ sourcePort: UInt16, to port: Conntrack.Destination
    ) {
        let isKnown = kernel.flows.contains {
            $0.source == source && $0.sourcePort == sourcePort && $0.destination == port
        }
        guard !isKnown else { return }
        let elements = kernel.state.table?.elements ?? []
        let isAdmitted = elements.contains { element in
            switch element {
            case .port(port.address, port.transport, port.port): true
            case .source(port.address, port.transport, let ports, let prefix):
                ports.contains(port.port) && prefix.contains(source)
            default: false
            }
        }
        let server = elements.lazy.compactMap(\.translation).first { $0.port == port }?.server
        if isAdmitted, let server {
            kernel.flows.insert(
                .init(
                    from: source, port: sourcePort, to: port, server: server.address, serverPort: server.port,
                    isTranslated: true))
        } else if !elements.contains(.address(port.address)) {
            // The host takes it itself.
            kernel.flows.insert(
                .init(
                    from: source, port: sourcePort, to: port, server: port.address, serverPort: port.port,
                    isTranslated: false))
        }
    }

    /// Flows that conntrack should have forgotten by now, in words.
    static func misled(_ kernel: InMemoryKernel, _ site: Site) -> [String] {
        let reconciler = site.synchronizer.reconciler
        return kernel.flows.filter { flow in
            let rule = reconciler.desired.rule(for: flow.destination, drains: reconciler.drains, now: site.now)
            return !rule.keeps(flow)
        }.map(\.description).sorted()
    }

    /// Connections of before that may go on, and do not, in words.
    static func cut(
        _ before: Set<Conntrack.Flow>, _ drains: Drains, _ kernel: InMemoryKernel, _ site: Site
    ) -> [String] {
        let desired = site.synchronizer.reconciler.desired
        return before.subtracting(kernel.flows).filter { flow in
            guard flow.isTranslated, flow.destination.transport == .tcp else { return false }
            let rule = desired.rule(for: flow.destination, drains: Drains(), now: site.now)
            let isAllowed = rule.sources.isEmpty || rule.sources.contains { $0.contains(flow.source) }
            guard isAllowed else { return false }
            let deadline = drains.translations[flow.destination]?[flow.realServer]
            return rule.servers.contains(flow.realServer) || deadline.map { $0 > site.now } ?? true
        }.map(\.description).sorted()
    }
}

extension Kernel {
    /// Has conntrack know a flow.
    func make(_ flow: Conntrack.Flow) throws {
        if let kernel = self as? InMemoryKernel {
            kernel.flows.insert(flow)
            return
        }
        let to = flow.destination
        var words = "-p \(to.transport) -s \(flow.source) -d \(to.address)"
        words += " --sport \(flow.sourcePort) --dport \(to.port)"
        if flow.isTranslated { words += " --dst-nat \(flow.server):\(flow.serverPort)" }
        if to.transport == .tcp { words += " --state ESTABLISHED" }
        try NetworkNamespace.shell("conntrack -I \(words) --timeout 600 >/dev/null 2>&1")
    }

    /// The connection has come to its end.
    func end(_ flow: Conntrack.Flow) throws {
        if let kernel = self as? InMemoryKernel {
            kernel.flows.remove(flow)
            return
        }
        let words = "-p \(flow.destination.transport) --sport \(flow.sourcePort)"
        try NetworkNamespace.shell("conntrack -D \(words) >/dev/null 2>&1")
    }

    /// The source ports of the flows that conntrack knows, IPv4.
    var flowPorts: [UInt16] {
        get throws {
            if let kernel = self as? InMemoryKernel { return kernel.flows.map(\.sourcePort).sorted() }
            return try Conntrack.Connection().flows(.ipv4).collect().map(\.sourcePort).sorted()
        }
    }
}
