import Names
import NetworkTypes
import ServicesExport
import TestSupport
import Testing

@testable import Cloud

@Suite("Effective states") struct EffectiveStateTests {
    @Test("the strictest state counts, and of equals the instance's own")
    func strictest() {
        let expected: [ServiceState: [ServiceState: String]] = [
            .ready: [.ready: "ready", .drain: "drain (server)", .maint: "maint (server)"],
            .drain: [.ready: "drain", .drain: "drain", .maint: "maint (server)"],
            .maint: [.ready: "maint", .drain: "maint", .maint: "maint"],
        ]
        for (own, servers) in expected {
            for (server, text) in servers {
                #expect(EffectiveState(own: own, server: server).description == text)
            }
        }
    }

    @Test("one that does not run is as in maintenance; its own and its server's maint are told first")
    func absence() {
        #expect(EffectiveState(own: .ready, server: .drain, absence: .starting).description == "maint (starting)")
        #expect(EffectiveState(own: .drain, server: .ready, absence: .stopped).description == "maint (stopped)")
        #expect(EffectiveState(own: .maint, server: .ready, absence: .stopped).description == "maint")
        #expect(EffectiveState(own: .ready, server: .maint, absence: .starting).description == "maint (server)")
    }

    @Test("the export follows the server, with whoever comes to it, and each own state is there again afterwards")
    func export() throws {
        var cloud = try TestCloud.seed()
        cloud.services["tg.1"]?.state = .maint
        let before = cloud.exportRows(location: "tcn").map(\.description).sorted()
        cloud.servers["app2"]?.state = .drain
        cloud.services["tg.2"]?.server = "app2"
        #expect(Set(weights(cloud, "pgw.2")) == [0] && Set(weights(cloud, "tg.2")) == [0])
        #expect(weights(cloud, "tg.1").isEmpty && Set(weights(cloud, "pgw.1")) == [100])
        cloud.servers["app2"]?.state = .maint
        #expect(weights(cloud, "pgw.2").isEmpty && weights(cloud, "tg.2").isEmpty)
        cloud.servers["app2"]?.state = .ready
        cloud.services["tg.2"]?.server = "app3"
        #expect(cloud.exportRows(location: "tcn").map(\.description).sorted() == before)
    }

    private func weights(_ cloud: Cloud, _ service: String) -> [Int] {
        cloud.exportRows(location: "tcn").filter { $0.service == service }.map(\.weight)
    }

    @Test("a server's maint hides no contradiction, so that it can always be ready again")
    func contradictions() throws {
        var cloud = try TestCloud.seed()
        cloud.servers["app2"]?.state = .maint
        cloud.services["pgw.1"]?.server = "app2"
        #expect(cloud.contradictions().map(\.message).contains { $0.contains("both on server app2") })
    }

    @Test("new instances are not placed on a server that is not ready")
    func placement() throws {
        var cloud = try TestCloud.seed()
        for name in ["app1", "app2"] { cloud.servers[name]?.state = .drain }
        #expect(try cloud.serverForAnother("pgw", at: "tcn") == "app4")
        for name in ["app3", "app4"] { cloud.servers[name]?.state = .maint }
        let error = #expect(throws: ChangeError.self) { try cloud.serverForAnother("pgw", at: "tcn") }
        #expect("\(error as Any)".contains("pgw"))
    }

    @Test("who is drained with its server under dh is cut, which is a warning")
    func cut() throws {
        var before = try TestCloud.seed()
        before.types["pgw"] = try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: {80: 8080}, scheduler: dh}\n")
        var after = before
        after.servers["app2"]?.state = .drain
        let warnings = after.warnings(about: CloudDifference(from: before, to: after), since: before)
        #expect(warnings.contains { $0.message.contains("remove pgw.2 at once") }, "\(warnings)")
    }
}
