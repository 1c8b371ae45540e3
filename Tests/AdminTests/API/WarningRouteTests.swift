import AdminAPI
import HTTPTypes
import Names
import Testing

@testable import Admin

@Suite("Warnings at the write, over HTTP") struct WarningRouteTests {
    private static func type(_ section: String) -> String {
        "type: t\ngateway:\n  - {name: s, address: www-ip, \(section)}\n"
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
}
