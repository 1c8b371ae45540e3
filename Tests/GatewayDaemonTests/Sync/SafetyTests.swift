@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport
import HealthChecks
import Netlink
import NetworkTypes
import ServicesExport
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite struct SafetyTests {
    /// Somebody else's hands on the kernel.
    private func meddle(with kernel: InMemoryKernel, _ random: inout SeededGenerator) {
        var state = kernel.state
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let service = state.services.keys.sorted().randomElement(using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: state.services = [:]
            case 1: if let service { state.services[service] = nil }
            case 2: if let service { _ = state.services[service]?.destinations.popLast() }
            case 3:
                if let service, state.services[service]?.destinations.isEmpty == false {
                    state.services[service]?.destinations[0].settings.weight ^= 3
                }
            case 4: if let service { state.services[service]?.settings.scheduler = "rr" }
            case 5:
                state.table?.shape = [.altered, .rulesAltered(strangers: ["stranger"])].randomElement(using: &random)!
            case 6: state.table = nil
            default:
                if let element = state.table?.elements.sorted().randomElement(using: &random) {
                    state.table?.elements.remove(element)
                }
            }
        }
        kernel.state = state
        kernel.settings.timeouts.udp = UInt32.random(in: 1...9, using: &random)
        kernel.settings.sysctls["net.ipv4.vs.conntrack"] = "1"
        kernel.settings.sysctls["net.ipv4.vs.expire_nodest_conn"] = Bool.random(using: &random) ? "0" : nil
    }

    @Test(
        "whatever others do to kernel and settings, one audit puts right, and only that",
        arguments: 1...40 as ClosedRange<UInt64>)
    func meddling(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let kernel = InMemoryKernel()
        kernel.setConnections(1)
        let site = Site(kernel)
        var export = RandomExport()
        for _ in 0..<12 {
            export.change(&random)
            try site.export(export.lines)
            // The export may ask for other settings than the one before.
            try site.audit()
            let (state, settings) = (kernel.state, kernel.settings)
            let drains = site.synchronizer.reconciler.drains
            meddle(with: kernel, &random)
            kernel.settings.sysctls["net.ipv4.vs.expire_nodest_conn", default: "1"] = "0"
            try site.audit()
            #expect(kernel.settings == settings, "seed \(seed)")
            // What drained and was taken out by others does not come back.
            for (service, expected) in state.services where drains.services[service] == nil {
                #expect(kernel.state.services[service] == expected, "seed \(seed)")
            }
            #expect(kernel.state == site.synchronizer.reconciler.kernel, "seed \(seed)")
            #expect(try site.audit().isEmpty, "seed \(seed)")
        }
        try site.later(Site.drainTime + 1)
        try site.later(3)
        let desired = site.synchronizer.reconciler.desired
        #expect(kernel.state.services == desired.servicesInKernel())
        #expect(kernel.state.table?.elements == desired.elements)
    }

    @Test(
        "random exports, drains, verdicts, restarts and refusals end as desired, and no step admits a packet with nothing behind it",
        arguments: 1...60 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let kernel = InMemoryKernel()
        let watch = Watch()
        kernel.observe { watch.look($0) }
        let site = Site(kernel)
        var export = RandomExport()
        var down: [ProbeTarget: Int] = [:]
        for _ in 0..<25 {
            export.change(&random)
            let bytes = export.bytes
            guard let document = try? ServicesDocument(parsing: bytes) else { continue }
            let after = DesiredState(document)
            watch.excuse(after.health.keys)
            down.tell(site, &random)
            let live = Set(
                after.servicesInKernel(down).filter { $0.value.destinations.contains { $0.settings.weight > 0 } }.keys
                    .filter(kernel.state.isLive))
            // What the kernel has refused a server may have to do without.
            let obstructed = site.synchronizer.reconciler.refusedSteps.refusals.keys.compactMap(\.service)
            watch.begin(live: live.subtracting(obstructed))
            if Int.random(in: 0..<5, using: &random) == 0 {
                let unlucky = Int.random(in: 1...6, using: &random)
                let count = Mutex(0)
                kernel.inject { command in
                    let isRefused = count.withLock { count in
                        count += 1
                        return count % unlucky == 0
                    }
                    guard isRefused else { return nil }
                    if let command, let service = RefusedSteps.Step(command).service { watch.pardon(service) }
                    return .ioError
                }
                _ = try? site.export(export.lines)
                kernel.inject(nil)
            }
            for service in kernel.state.services.keys.sorted() {
                for server in kernel.state.services[service]?.destinations ?? [] {
                    kernel.setConnections(
                        Int.random(in: 0...1, using: &random), of: server.identity, in: service)
                }
            }
            if Int.random(in: 0..<4, using: &random) == 0 { try site.restart() }
            Clients.call(kernel, &random)
            let (flows, drains) = (kernel.flows, site.synchronizer.reconciler.drains)
            try site.export(export.lines)
            if site.synchronizer.reconciler.refusedSteps.isEmpty {
                #expect(Clients.misled(kernel, site) == [], "seed \(seed)")
                #expect(Clients.cut(flows, drains, kernel, site) == [], "seed \(seed)")
            }
            let known = try #require(site.synchronizer.reconciler.kernel)
            #expect(kernel.state.services.keys.sorted() == known.services.keys.sorted(), "seed \(seed)")
            #expect(kernel.state == known)
            down.forget(site)
            if Bool.random(using: &random) {
                // Verdicts come without an export, too.
                let before = DesiredState(document).servicesInKernel(down)
                down.tell(site, &random)
                let after = DesiredState(document).servicesInKernel(down)
                watch.begin(
                    live: Set(before.keys).filter { service in
                        kernel.state.isLive(service)
                            && after[service]?.destinations.contains { $0.settings.weight > 0 } == true
                    })
            }
            try site.later(Int.random(in: 0...30, using: &random))
            #expect(watch.faults.isEmpty, "seed \(seed)")
            guard watch.faults.isEmpty else { return }
        }
        // First what was refused is tried again, and its drains begin; then they are over.
        try site.later(RefusedSteps.longestPause)
        #expect(site.synchronizer.reconciler.refusedSteps.isEmpty)
        try site.later(Site.drainTime + 1)
        let desired = site.synchronizer.reconciler.desired
        let expected = desired.servicesInKernel(down)
        for service in Set(expected.keys).union(kernel.state.services.keys).sorted() {
            #expect(kernel.state.services[service] == expected[service], "seed \(seed): \(service)")
        }
        #expect(kernel.state.table?.elements == desired.elements)
        #expect(site.synchronizer.reconciler.drains.isEmpty)
        #expect(watch.faults.isEmpty)
        #expect(try site.later(3).isEmpty)
        #expect(Clients.misled(kernel, site) == [], "seed \(seed)")
    }
}
