import CloudTestSupport
import Names
import TestSupport
import Testing

@testable import Cloud

@Suite("The server for another service") struct PlacementTests {
    private func cloud() throws -> Cloud {
        var cloud = try TestCloud.seed()
        cloud.types["job"] = try TestCloud.type("type: job\n")
        return cloud
    }

    @Test("it is the one with the fewest of the type, then the fewest of all, then the first by name")
    func fewest() throws {
        var cloud = try cloud()
        // tcn has app1 (pgw), app2 (pgw, tg), app3 (tg) and app4; hel has hel-app1 (pgw).
        var chosen = [String]()
        for index in 1...6 {
            let server = try cloud.serverForAnother("job", at: nil)
            chosen.append(server)
            cloud.services["job.\(index)"] = ServiceInstance(type: "job", index: index, server: server)
        }
        #expect(chosen == ["app4", "app1", "app3", "hel-app1", "app2", "app4"])
        #expect(try cloud.serverForAnother("job", at: "hel") == "hel-app1")
    }

    @Test("several are spread as if they were added one after the other")
    func several() throws {
        let cloud = try cloud()
        let type = try #require(cloud.types["job"]?.configuration)
        var placement = Placement(of: type, in: cloud, at: nil)
        #expect(try (0..<6).map { _ in try placement.next() } == ["app4", "app1", "app3", "hel-app1", "app2", "app4"])
    }

    @Test("an exported type gets one server each, also beside an instance in maint")
    func exported() throws {
        var cloud = try cloud()
        cloud.services["pgw.1"]?.state = .maint
        #expect(try cloud.serverForAnother("pgw", at: nil) == "app4")
        #expect(
            throws: ChangeError.noServer(
                "no server at hel can take another service of pgw",
                [Fault(place: "#/type", detail: "hel-app1: a service of pgw is there already")])
        ) { try cloud.serverForAnother("pgw", at: "hel") }
    }

    @Test("every reason is named, with some of the servers it holds for")
    func reasons() throws {
        var cloud = try cloud()
        cloud.types["pgw"] = try TestCloud.type(
            """
            type: pgw
            requires: {server: [app, db], labels: [raid, ssd]}
            gateway:
              - {name: http, address: www-ip, ports: {80: 8080}, protocol: tcp}
            """)
        let labels = ["raid", "ssd"]
        for name in ["app1", "app4", "hel-app1"] { cloud.servers[name]?.labels = labels }
        cloud.servers["app2"]?.labels = ["raid"]
        cloud.servers["app4"]?.addresses = TestCloud.addresses(["10.1.0.14"])
        cloud.pools[.init(location: "hel", name: "www-ip")] = nil
        for number in 1...4 {
            cloud.servers["gw\(number)"] = Server(
                name: "gw\(number)", location: "tcn", kind: .gateway,
                addresses: TestCloud.addresses(["10.1.1.\(number)"]), labels: labels)
        }
        do {
            _ = try cloud.serverForAnother("pgw", at: nil)
            Issue.record("a server was chosen")
        } catch ChangeError.noServer(let text, let faults) {
            #expect(text == "no server can take another service of pgw")
            #expect(
                faults.map(\.detail) == [
                    "app1: a service of pgw is there already",
                    "hel-app1: at hel, which lacks the address pool \"www-ip\" of pgw/http",
                    "gw1, gw2, gw3 and 1 more: not of kind app or db",
                    "app4: without an IPv6 address, which pgw/http needs", "app2: without the label ssd",
                    "app3: without the labels raid, ssd",
                ])
        }
        cloud.servers["app3"]?.labels = labels
        #expect(try cloud.serverForAnother("pgw", at: nil) == "app3")
    }

    @Test("a gateway is chosen only for a type that requires one")
    func gateway() throws {
        var cloud = try cloud()
        cloud.types["probe"] = try TestCloud.type("type: probe\nrequires: {server: gateway}\n")
        cloud.servers = [
            "gw1": Server(
                name: "gw1", location: "tcn", kind: .gateway, addresses: TestCloud.addresses(["10.1.1.1"]))
        ]
        cloud.services = [:]
        #expect(try cloud.serverForAnother("probe", at: nil) == "gw1")
        #expect(
            throws: ChangeError.noServer(
                "no server can take another service of job",
                [Fault(place: "#/type", detail: "gw1: a gateway; the type does not require that kind")])
        ) { try cloud.serverForAnother("job", at: nil) }
        cloud.servers = [:]
        #expect(
            throws: ChangeError.noServer(
                "no server at tcn can take another service of job",
                [Fault(place: "#/location", detail: "there is no server at tcn")])
        ) { try cloud.serverForAnother("job", at: "tcn") }
    }

    @Test("in random clouds, the chosen server contradicts nothing, and without one every server would")
    func random() throws {
        var random = SeededGenerator(seed: 4711)
        for _ in 0..<300 {
            var cloud = try RandomCloud.make(using: &random)
            guard cloud.contradictions(blaming: []).isEmpty else { continue }
            for type in cloud.types.keys.sorted() {
                let index = cloud.freeIndex(of: type)
                let name = "\(type).\(index)"
                do {
                    let server = try cloud.serverForAnother(type, at: nil)
                    cloud.services[name] = ServiceInstance(type: type, index: index, server: server)
                    #expect(cloud.contradictions(blaming: []).isEmpty, "seed 4711: \(name) on \(server)")
                } catch ChangeError.noServer {
                    for server in cloud.servers.keys {
                        // Beside an instance in maint, only `maint` itself would do.
                        guard
                            !cloud.services.values.contains(where: {
                                $0.type == type && $0.server == server && $0.state == .maint
                            })
                        else { continue }
                        var other = cloud
                        other.services[name] = ServiceInstance(type: type, index: index, server: server)
                        #expect(!other.contradictions(blaming: []).isEmpty, "seed 4711: \(name) on \(server)")
                    }
                }
            }
        }
    }
}
