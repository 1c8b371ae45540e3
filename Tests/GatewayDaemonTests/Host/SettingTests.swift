import Netlink
import NetworkTypes
import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

@Suite struct SettingTests {
    private let kernel = InMemoryKernel()
    private var configuration = GatewayConfiguration(name: "gw1")

    private func audit(_ change: (inout GatewayConfiguration) -> Void = { _ in }) throws -> (
        steps: [String], deviations: [SettingDeviation]
    ) {
        var configuration = configuration
        change(&configuration)
        let (steps, deviations) = try kernel.bringIntoLine(
            SettingRequirement.all(configuration, forwarding: [.ipv4]))
        return (steps.map(\.description), deviations)
    }

    @Test("what is ours is set, and set once")
    func ours() throws {
        kernel.settings.sysctls["net.ipv4.vs.conntrack"] = "1"
        kernel.settings.sysctls["net.ipv4.vs.conn_reuse_mode"] = "0"
        #expect(
            try audit().steps == ["host ~ net.ipv4.vs.conn_reuse_mode 0 -> 1", "host ~ net.ipv4.vs.conntrack 1 -> 0"])
        #expect(try audit().steps.isEmpty)
    }

    @Test(
        "conntrack knows the connections of IPVS only where the export needs it, and may do either where that is unknown"
    )
    func tracking() throws {
        let name = "net.ipv4.vs.conntrack"
        func steps(_ isTracking: Bool?) throws -> [String] {
            try kernel.bringIntoLine(
                SettingRequirement.all(configuration, forwarding: [], isTracking: isTracking)
            ).steps.map(\.description)
        }
        #expect(try steps(nil).isEmpty)
        #expect(try steps(true) == ["host ~ \(name) 0 -> 1"])
        #expect(try steps(nil).isEmpty)
        #expect(try steps(false) == ["host ~ \(name) 1 -> 0"])
    }

    @Test("a timeout that the configuration no longer has goes back to the kernel's own; 0 leaves it to others")
    func timeouts() throws {
        #expect(try audit { $0.timeouts.udp = 30 }.steps == ["host ~ ipvs timeout udp 300 -> 30"])
        #expect(try audit().steps == ["host ~ ipvs timeout udp 30 -> 300"])
        kernel.settings.timeouts = IPVS.Timeouts(tcp: 5, tcpFin: 5, udp: 5)
        #expect(
            try audit { $0.timeouts.udp = 0 }.steps == [
                "host ~ ipvs timeout tcp 5 -> 900", "host ~ ipvs timeout tcp-fin 5 -> 120",
            ])
    }

    @Test("routing is the host's: it is reported with the command that mends it, and not changed")
    func routing() throws {
        kernel.settings.sysctls["net.ipv4.ip_forward"] = "0"
        kernel.settings.sysctls["net.ipv6.conf.all.forwarding"] = "0"
        let (steps, deviations) = try audit()
        #expect(steps.isEmpty)
        // The export has no IPv6.
        #expect(
            deviations.map(\.description) == [
                "net.ipv4.ip_forward is 0: answers of IPv4 servers are not forwarded; "
                    + "fix it with: sysctl -w net.ipv4.ip_forward=1"
            ])
        #expect(kernel.settings.sysctls["net.ipv4.ip_forward"] == "0")
    }

    @Test("a setting that cannot be written is reported, and the others are set")
    func readOnly() throws {
        kernel.settings.sysctls["net.ipv4.vs.conntrack"] = "1"
        kernel.settings.sysctls["net.ipv4.vs.backup_only"] = "1"
        kernel.makeReadOnly([.sysctl("net.ipv4.vs.conntrack")])
        let (steps, deviations) = try audit()
        #expect(steps == ["host ~ net.ipv4.vs.backup_only 1 -> 0"])
        #expect(deviations.map(\.name) == ["net.ipv4.vs.conntrack"])
        #expect(deviations.first?.remedy == "sysctl -w net.ipv4.vs.conntrack=0")
    }

    @Test("what this kernel does not have is no deviation")
    func absent() throws {
        kernel.settings.sysctls = [:]
        #expect(try audit().steps.isEmpty)
        #expect(try audit().deviations.isEmpty)
    }

    @Test("what carries connections over is wanted only in a pair")
    func pair() throws {
        #expect(
            try audit { $0.sync.interface = "eth1" }.steps == [
                "host ~ net.ipv4.vs.sync_threshold 3 50 -> 0 0", "host ~ net.ipv4.vs.sync_refresh_period 0 -> 10",
            ])
    }

    @Test("a change of role sets what the sync daemons need, and leaves all else to the daemon")
    func role() throws {
        for name in ["conntrack", "expire_nodest_conn", "backup_only", "sync_threshold", "sync_refresh_period"] {
            kernel.settings.sysctls["net.ipv4.vs.\(name)"] = "7"
        }
        kernel.settings.timeouts.udp = 7
        var configuration = configuration
        configuration.sync.interface = "sync0"
        let (steps, deviations) = try kernel.bringIntoLine(SettingRequirement.ofSyncDaemons(configuration))
        #expect(
            steps.map(\.description) == [
                "host ~ net.ipv4.vs.backup_only 7 -> 0", "host ~ net.ipv4.vs.sync_threshold 7 -> 0 0",
                "host ~ net.ipv4.vs.sync_refresh_period 7 -> 10",
            ])
        #expect(deviations.isEmpty)
        #expect(kernel.settings.sysctls["net.ipv4.vs.conntrack"] == "7")
        #expect(kernel.settings.timeouts.udp == 7)
    }
}
