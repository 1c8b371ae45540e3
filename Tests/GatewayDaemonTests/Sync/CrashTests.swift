import HealthChecks
import Netlink
import NetworkTypes
import ServicesExport
import SystemPackage
import TestSupport
import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

@Suite struct CrashTests {
    /// A change of a random export, with the kernel and the disk before it.
    private struct Change {
        let kernel: KernelState
        let flows: Set<Conntrack.Flow>
        let disk: Site.Disk
        let now: Int
        let next: RandomExport
        let expected: DesiredState
        /// The targets that are down, and since when.
        let down: [ProbeTarget: Int]
        /// Single writes of the plan.
        let writes: Int

        init(seed: UInt64) throws {
            var random = SeededGenerator(seed: seed)
            let kernel = InMemoryKernel()
            let site = Site(kernel)
            var export = RandomExport()
            for _ in 0..<6 {
                export.change(&random)
                try site.export(export.lines)
                Clients.call(kernel, &random)
            }
            var down: [ProbeTarget: Int] = [:]
            down.tell(site, &random)
            try site.later(0)
            flows = kernel.flows
            for _ in 0..<2 { export.change(&random) }
            next = export
            (self.kernel, disk, now) = (kernel.state, site.disk, site.now)
            expected = DesiredState(try ServicesDocument(parsing: next.bytes))
            let before = kernel.writes
            try site.export(next.lines)
            writes = kernel.writes - before
            down.forget(site)
            self.down = down
        }

        /// What the kernel has other than the export wants, in words.
        func differences(_ kernel: KernelState) -> [String] {
            let wanted = expected.servicesInKernel(down)
            let services = Set(wanted.keys).union(kernel.services.keys).filter { wanted[$0] != kernel.services[$0] }
            let elements = expected.elements.symmetricDifference(kernel.table?.elements ?? [])
            return services.map(\.description).sorted() + elements.map(\.description).sorted()
        }
    }

    @Test(
        "killed after any single write of a plan, the next start converges, and no step in between misleads a packet",
        arguments: 1...80 as ClosedRange<UInt64>)
    func killed(seed: UInt64) throws {
        let change = try Change(seed: seed)
        for count in 0...change.writes {
            let kernel = InMemoryKernel(change.kernel)
            kernel.flows = change.flows
            let watch = Watch()
            watch.excuse(change.expected.health.keys)
            kernel.observe { watch.look($0) }
            let mortal = MortalKernel(kernel, writes: count)
            let killed = Site(mortal, disk: change.disk, now: change.now)
            _ = try? killed.export(change.next.lines)
            #expect(mortal.isDead == (count < change.writes))

            // ADMIN is away: what was accepted before the end is carried on.
            let next = Site(kernel, disk: killed.disk, now: change.now)
            try next.later(3)
            if count < change.writes, killed.disk.export == change.disk.export {
                try next.export(change.next.lines)
            }
            try next.later(Site.drainTime + 1)
            try next.later(3)
            #expect(change.differences(kernel.state) == [], "seed \(seed), killed after \(count) writes")
            #expect(Clients.misled(kernel, next) == [], "seed \(seed), killed after \(count) writes")
            #expect(next.synchronizer.reconciler.drains.isEmpty)
            #expect(next.synchronizer.reconciler.foreign.isEmpty)
            #expect(watch.faults.isEmpty, "seed \(seed), killed after \(count) writes")
            #expect(try next.later(3).isEmpty)
        }
    }

    @Test("killed after any of the writes that bring settings into line, the next start finishes them")
    func killedInSettings() throws {
        let requirements = SettingRequirement.all(GatewayConfiguration(name: "gw1"), forwarding: [.ipv4, .ipv6])
        let right = InMemoryKernel().settings
        for count in 0...8 {
            let kernel = InMemoryKernel()
            kernel.settings = KernelSettings(
                sysctls: right.sysctls.mapValues { $0 == "1" ? "0" : "1" },
                timeouts: IPVS.Timeouts(tcp: 5, tcpFin: 5, udp: 5))
            _ = try MortalKernel(kernel, writes: count).bringIntoLine(requirements)
            let left = try kernel.bringIntoLine(requirements)
            #expect(left.steps.count == 8 - count)
            // Routing is not ours to change.
            #expect(left.deviations.map(\.name) == ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"])
            #expect(try kernel.bringIntoLine(requirements).steps.isEmpty)
        }
    }

    @Test(
        "whatever single step the kernel refuses, the rest goes on, and all of it once it no longer does",
        arguments: 1...80 as ClosedRange<UInt64>)
    func refused(seed: UInt64) throws {
        let change = try Change(seed: seed)
        let whole = InMemoryKernel(change.kernel)
        whole.setConnections(1)
        let undisturbed = Site(whole, disk: change.disk, now: change.now)
        var steps = Set<RefusedSteps.Step>()
        try undisturbed.synchronizer.adopt(change.next.bytes)
        _ = try undisturbed.synchronizer.settle(now: change.now) { plan, _ in
            for step in plan.steps {
                switch step {
                case .table: steps.insert(.table)
                // What conntrack refuses is a problem and no obstacle.
                case .flows: break
                case .ipvs(let changes): steps.formUnion(changes.map { RefusedSteps.Step($0.command) })
                }
            }
        }
        for step in steps {
            let kernel = InMemoryKernel(change.kernel)
            kernel.setConnections(1)
            let watch = Watch()
            watch.excuse(change.expected.health.keys)
            kernel.observe { watch.look($0) }
            let errnos: [Errno] = [.noMemory, .resourceTemporarilyUnavailable, .noBufferSpace]
            for errno in errnos {
                kernel.state = change.kernel
                kernel.inject { command in (command.map { RefusedSteps.Step($0) } ?? .table) == step ? errno : nil }
                let site = Site(kernel, disk: change.disk, now: change.now)
                // An answer that never comes is an error of the whole; anything else is the step's own.
                if errno == .noBufferSpace, step == .table {
                    #expect(throws: SynchronizationError.self) { try site.export(change.next.lines) }
                } else {
                    try site.export(change.next.lines)
                    #expect(site.synchronizer.reconciler.refusedSteps.refusals.keys.contains(step))
                    for (service, expected) in whole.state.services where service != step.service {
                        let isSame = kernel.state.services[service] == expected
                        #expect(isSame, "seed \(seed), \(step) \(errno): \(service)")
                    }
                }
                kernel.inject(nil)
                try site.later(61)
                try site.later(3)
                try site.later(Site.drainTime + 1)
                #expect(change.differences(kernel.state) == [], "seed \(seed), \(step) refused with \(errno)")
                #expect(site.synchronizer.reconciler.refusedSteps.isEmpty)
            }
            #expect(watch.faults.isEmpty, "seed \(seed), \(step) refused")
        }
    }
}
