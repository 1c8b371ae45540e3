import Names
import NetworkTypes
import Testing

@testable import Cloud

@Suite("Warnings at the write") struct WarningTests {
    private static func type(_ section: String) -> String {
        "type: t\ngateway:\n  - {name: s, address: www-ip, \(section)}\n"
    }

    /// What is said when the type is written.
    private func warnings(_ section: String) throws -> [Fault] {
        let before = try TestCloud.seed()
        var cloud = before
        cloud.types["t"] = try TestCloud.type(Self.type(section))
        let difference = CloudDifference(from: before, to: cloud)
        return Cloud.faults(cloud.warnings(about: difference, since: before), inFiles: ["t.yaml"], .none)
    }

    @Test(
        "ports that a gateway gives to its own connections are named, with what to do",
        arguments: [
            ("ports: 51820", "takes ports 51820 of www-ip", "ip_local_reserved_ports at each gateway (51820)"),
            (
                "fwm: {ports: [30000-40000, 61000-62000]}", "takes ports 32768-40000 of www-ip",
                "ip_local_reserved_ports at each gateway (32768-40000)"
            ),
            ("fwm: {ports: 30000-61000}", "takes ports 32768-60999 of www-ip", ": move that range away"),
        ])
    func ephemeral(section: String, ports: String, remedy: String) throws {
        let found = try warnings(section)
        #expect(found.map(\.place) == ["t.yaml:3:5"])
        #expect(found.first?.detail.contains(ports) == true)
        #expect(found.first?.detail.contains(remedy) == true)
    }

    @Test("ports outside of those are no matter", arguments: ["ports: [32767, 61000]", "fwm: {ports: 20000-29999}"])
    func others(section: String) throws {
        #expect(try warnings(section).isEmpty)
    }

    @Test("a public address that is a gateway's own is named when the pool or the gateway is what changes")
    func gatewayAddress() throws {
        func warnings(_ before: Cloud, _ after: Cloud) -> [Contradiction] {
            after.warnings(about: CloudDifference(from: before, to: after), since: before)
        }
        let own = try #require(IPAddress("198.51.100.40"))
        let pool = AddressPool(
            location: "tcn", name: "www-ip", addresses: TestCloud.addresses(["198.51.100.36"]) + [own])
        let gateway = Server(name: "gw1", location: "tcn", kind: .gateway, addresses: [own])
        let seed = try TestCloud.seed()
        var (withPool, withGateway, withBoth) = (seed, seed, seed)
        withPool.pools[pool.id] = pool
        withGateway.servers["gw1"] = gateway
        withBoth.pools[pool.id] = pool
        withBoth.servers["gw1"] = gateway
        let message =
            "the pool www-ip of location tcn has 198.51.100.40, which is the gateway gw1's own: once a section is served "
            + "there, everything but its ports is closed on that address, ssh too; give the pool an address that is used "
            + "for nothing else"
        for before in [seed, withPool, withGateway] {
            let found = warnings(before, withBoth)
            #expect(found.map(\.message) == [message])
            #expect(found.first?.subjects == [.pool(pool.id, .address(own)), .init(.server, "gw1", .address(own))])
        }
        // Neither is what changes.
        var other = withBoth
        other.locations["tcn"] = Location(name: "tcn", description: "changed")
        #expect(warnings(withBoth, other).isEmpty)
        // Of another location, or not a gateway's
        withGateway.servers["gw1"] = Server(name: "gw1", location: "hel", kind: .gateway, addresses: [own])
        #expect(warnings(withPool, withGateway).isEmpty && warnings(seed, withPool).isEmpty)
    }

    @Test("UDP that cannot have a virtual service of its own is said, and why")
    func datagrams() throws {
        let tied = try warnings("fwm: {ports: 5000-5001, protocols: [tcp, udp]}, persistence: 300")
        #expect(tied.map { $0.detail.contains("with persistence UDP is one virtual service with tcp") } == [true])
        let explicit = try warnings("fwm: {ports: 5000-5001, protocols: [tcp, udp], mark: 300}")
        #expect(explicit.map { $0.detail.contains("UDP shares the mark 300 with tcp; udp-mark") } == [true])
        #expect(try warnings("fwm: {ports: 5000-5001, protocols: [tcp, udp]}").isEmpty)
        #expect(try warnings("fwm: {ports: 5000-5001, protocols: [tcp, udp], mark: 300, udp-mark: 301}").isEmpty)
    }

    @Test("a minimum that leaves no instance to take out, and a sorry server that is never asked, are said")
    func health() throws {
        func warnings(_ keys: String) throws -> [String] {
            let before = try TestCloud.seed()
            var cloud = before
            cloud.types["pgw"] = try TestCloud.type(
                "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: {80: 8080}, \(keys)}\n")
            return cloud.warnings(about: CloudDifference(from: before, to: cloud), since: before).map(\.message)
        }
        #expect(
            try warnings("check: tcp, minimum: 2") == [
                "pgw/http has minimum 2 and 1 instance at hel: all of them get new connections whatever the checks say",
                "pgw/http has minimum 2 and 2 instances at tcn: all of them get new connections whatever the checks say",
            ])
        #expect(try warnings("check: tcp").isEmpty)
        #expect(
            try warnings("sorry: 10.9.0.9") == ["pgw/http has no sorry server for IPv6, which it serves on www-ip"])
        #expect(try warnings("check: tcp, minimum: 1, sorry: [10.9.0.9, fd00::99]").count == 2)
    }

    @Test("an instance that leaves makes a minimum say so")
    func leavingInstance() throws {
        var before = try TestCloud.seed()
        before.services["pgw.3"] = nil
        before.types["pgw"] = try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: {80: 8080}, check: tcp, minimum: 1}\n")
        var cloud = before
        cloud.services["pgw.2"] = nil
        let found = cloud.warnings(about: CloudDifference(from: before, to: cloud), since: before)
        #expect(found.map { $0.message.contains("minimum 1 and 1 instance at tcn") } == [true])
    }
}
