import Cloud
import NodeAgent
import Systemd
import Testing

@Suite struct ServiceUnitTests {
    private func unit(lease: Int? = nil, limits: ServiceLimits? = nil) -> ServiceUnit {
        ServiceUnit(
            of: "pgw.1", command: ["/usr/bin/portcullis-keeper", "order"], writable: ["/srv/portcullis/pgw.1/data"],
            stopTimeout: 30, lease: lease, limits: limits)
    }

    private func value(_ name: String, _ unit: ServiceUnit) -> UnitProperty.Value? {
        let found = unit.properties.filter { $0.name == name }
        #expect(found.count < 2, "\(name)")
        return found.first?.value
    }

    @Test func itIsNamedForItsServiceAndEndsWithItsKeeper() {
        let unit = unit()
        #expect(unit.name == "portcullis-service@pgw.1.service")
        #expect(value("KillMode", unit) == .text("mixed") && value("OOMPolicy", unit) == .text("continue"))
        // The keeper has time to end the program by itself.
        #expect(value("TimeoutStopUSec", unit) == .number(45_000_000))
        #expect(value("CollectMode", unit) == .text("inactive-or-failed"))
        #expect(value("ReadWritePaths", unit) == .texts(["/srv/portcullis/pgw.1/data"]))
        // No service is started by anybody but the agent.
        #expect(value("Restart", unit) == nil && value("WatchdogUSec", unit) == nil)
    }

    @Test func limitsAreThoseOfTheCgroup() {
        let limited = unit(limits: ServiceLimits.sample)
        #expect(value("MemoryMax", limited) == .number(1 << 29) && value("MemorySwapMax", limited) == .number(0))
        #expect(value("CPUQuotaPerSecUSec", limited) == .number(1_500_000))
        #expect(value("TasksMax", limited) == .number(133))
        // Keeper and master have sockets of all workers; the master gives each worker its own limit.
        #expect(value("LimitNOFILE", limited) == .number(8_192) && value("LimitNOFILESoft", limited) == .number(8_192))
        let free = unit()
        #expect(value("MemoryMax", free) == nil && value("CPUQuotaPerSecUSec", free) == nil)
        #expect(value("TasksMax", free) == .number(.max))
    }

    @Test func aKeeperWithALeaseIsWatched() {
        #expect(value("WatchdogUSec", unit(lease: 60)) == .number(60_000_000))
        #expect(value("NotifyAccess", unit(lease: 60)) == .text("main"))
    }
}

extension ServiceLimits {
    /// 512 MiB, one and a half cores, 4,096 files, 100 processes.
    fileprivate static var sample: ServiceLimits {
        ServiceLimits(memory: 1 << 29, cpu: 150, openFiles: 4_096, processes: 100)
    }
}
