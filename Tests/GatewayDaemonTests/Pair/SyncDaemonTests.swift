import Netlink
import NetworkTypes
import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

@Suite struct SyncDaemonTests {
    private let settings = {
        var settings = SyncSettings()
        settings.interface = "eth1"
        return settings
    }()

    @Test("the active gateway sends, the passive one takes, and both do both when told to")
    func wanted() {
        var settings = settings
        #expect(settings.wanted(as: .active).map(\.words) == ["master on eth1, id 1"])
        #expect(settings.wanted(as: .passive).map(\.words) == ["backup on eth1, id 1"])
        settings.daemons = .both
        for role in GatewayRole.allCases {
            #expect(settings.wanted(as: role).map(\.role) == [.master, .backup])
        }
        #expect(SyncSettings().wanted(as: .active).isEmpty)
    }

    @Test("a change of role stops one daemon and starts the other; the same role again changes nothing")
    func arranged() throws {
        let kernel = InMemoryKernel()
        #expect(try kernel.arrange(settings.wanted(as: .passive)) == ["+ sync backup on eth1, id 1"])
        #expect(
            try kernel.arrange(settings.wanted(as: .active)) == [
                "- sync backup on eth1, id 1", "+ sync master on eth1, id 1",
            ])
        #expect(try kernel.arrange(settings.wanted(as: .active)).isEmpty)
        #expect(try kernel.arrange([]) == ["- sync master on eth1, id 1"])
    }

    @Test("a daemon on another interface, of another id, group or port is another one")
    func differences() throws {
        let wanted = try #require(settings.wanted(as: .active).first)
        // As the kernel tells it: with its own values where none were given.
        var found = wanted
        found.group = IPAddress("224.0.0.81")
        (found.port, found.maximumLength, found.ttl) = (8_848, 1_472, 1)
        #expect(wanted.isServed(by: found))
        for change: (inout IPVS.SyncDaemon) -> Void in [
            { $0.interface = "eth2" }, { $0.syncID = 2 }, { $0.group = IPAddress("224.0.0.82") }, { $0.port = 8_849 },
        ] {
            var other = found
            change(&other)
            #expect(!wanted.isServed(by: other))
        }
    }

    @Test("what runs and should not, and what should and does not, is told")
    func deviations() throws {
        let kernel = InMemoryKernel()
        _ = try kernel.arrange(settings.wanted(as: .passive))
        #expect(
            try kernel.deviations(from: settings.wanted(as: .active)) == [
                "sync backup on eth1, id 1 runs", "sync master on eth1, id 1 does not run",
            ])
        #expect(try kernel.deviations(from: settings.wanted(as: .passive)).isEmpty)
    }
}
