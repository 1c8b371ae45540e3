@testable import GatewaySync
import Netlink
import NetworkTypes
import ServicesExport
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite struct SafetyTests {
    @Test(
        "random exports, drains, restarts and refusals end as desired, and no step admits a packet with nothing behind it",
        arguments: 1...60)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let kernel = InMemoryKernel()
        let watch = Watch()
        kernel.observe { watch.look($0) }
        let site = Site(kernel)
        var rows = [ExportRow]()
        for _ in 0..<25 {
            rows = RandomExport.change(rows, &random)
            let bytes = ServicesCSV.write(rows)
            guard let document = try? ServicesDocument(parsing: bytes) else { continue }
            let after = DesiredState(document)
            let live = Set(
                after.services.filter { $0.value.destinations.contains { $0.settings.weight > 0 } }.keys
                    .filter(kernel.state.isLive))
            // What the kernel has refused a server may have to do without.
            let obstructed = site.synchronizer.reconciler.obstacles.refusals.keys.compactMap(\.service)
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
                    if let command, let service = Obstacles.Step(command).service { watch.pardon(service) }
                    return .ioError
                }
                _ = try? site.export(rows.map(\.description))
                kernel.inject(nil)
            }
            for service in kernel.state.services.keys.sorted() {
                for server in kernel.state.services[service]?.destinations ?? [] {
                    kernel.setConnections(
                        Int.random(in: 0...1, using: &random), of: server.identity, in: service)
                }
            }
            if Int.random(in: 0..<4, using: &random) == 0 { try site.restart() }
            try site.export(rows.map(\.description))
            let known = try #require(site.synchronizer.reconciler.kernel)
            #expect(kernel.state.services.keys.sorted() == known.services.keys.sorted(), "seed \(seed)")
            #expect(kernel.state == known)
            try site.later(Int.random(in: 0...30, using: &random))
            #expect(watch.faults.isEmpty, "seed \(seed)")
            guard watch.faults.isEmpty else { return }
        }
        // First what was refused is tried again, and its drains begin; then they are over.
        try site.later(Obstacles.longestPause)
        #expect(site.synchronizer.reconciler.obstacles.isEmpty)
        try site.later(Site.drainTime + 1)
        let desired = site.synchronizer.reconciler.desired
        #expect(kernel.state.services == desired.servicesInKernel)
        #expect(kernel.state.table?.elements == desired.elements)
        #expect(site.synchronizer.reconciler.drains.isEmpty)
        #expect(watch.faults.isEmpty)
        #expect(try site.later(3).isEmpty)
    }
}
