import AdminAPI
import HTTPTypes
import Names
import Testing

@testable import Admin
@testable import Cloud
@testable import Registry

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

    @Test("a pool that comes later brings the warning, too")
    func pool() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let type = Self.type("ports: 51820").replacing("www-ip", with: "new-ip")
            #expect(try await stage.send(.put, "/v1/types/t", type, type: "application/yaml").report.warnings.isEmpty)
            let body = #"{"addresses": ["198.51.100.99"]}"#
            let report = try await stage.send(.put, "/v1/locations/tcn/pools/new-ip", body).report
            #expect(report.warnings.map(\.pointer) == ["#/addresses"])
            #expect(report.warnings.first?.detail.contains("t/s takes ports 51820 of new-ip") == true)
        }
    }

    @Test("dh is said at the type's write, and again when an instance that takes connections is drained or leaves")
    func destinationHashing() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let type = Self.type("ports: 8081, scheduler: dh")
            let written = try await stage.send(.put, "/v1/types/t", type, type: "application/yaml").report
            #expect(
                written.warnings.map(\.detail).first?.hasPrefix("t/s is scheduled by dh, which cannot drain") == true)
            let servers = try await stage.read([ServerResource].self, "/v1/servers")
            let first = try #require(servers.first { $0.kind == .app && $0.location == "tcn" })
            let body = #"{"type": "t", "server": "\#(first.name)"}"#
            #expect(try await stage.send(.post, "/v1/services", body).report.warnings.isEmpty)
            for (patch, isCut) in [
                (#"{"state": "drain"}"#, true), (#"{"state": "maint"}"#, false), (#"{"state": "ready"}"#, false),
                (#"{"weight": 0}"#, true), (#"{"weight": null}"#, false), (#"{"state": "maint"}"#, true),
            ] {
                let report = try await stage.send(.patch, "/v1/services/t.1", patch).report
                #expect(
                    report.warnings.map { $0.detail.contains("the gateways remove t.1 at once") }
                        == (isCut ? [true] : []),
                    "\(patch)")
            }
        }
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
}
