import CloudTestSupport
import Names
import TestSupport
import Testing

@testable import Cloud

@Suite("Types with a service on each server") struct EachServerTests {
    /// The cloud after a change, with what follows from it.
    private func cloud(
        _ yaml: String = "type: log\ninstances: each-server\n", _ change: (inout Cloud) -> Void = { _ in }
    ) throws -> Cloud {
        var before = try TestCloud.seed()
        before.types["log"] = try TestCloud.type(yaml)
        before.placeOnEachServer(since: try TestCloud.seed())
        var after = before
        change(&after)
        after.placeOnEachServer(since: before)
        return after
    }

    private func places(_ cloud: Cloud) -> [String: String] {
        Dictionary(uniqueKeysWithValues: cloud.services.values.filter { $0.type == "log" }.map { ($0.name, $0.server) })
    }

    @Test("each server gets one, in the order of names, gateways only if the type requires that kind")
    func all() throws {
        let expected = ["log.1": "app1", "log.2": "app2", "log.3": "app3", "log.4": "app4", "log.5": "hel-app1"]
        #expect(places(try cloud()) == expected)
        let gateway = Server(name: "gw1", location: "tcn", kind: .gateway, addresses: [])
        #expect(places(try cloud { $0.servers["gw1"] = gateway }) == expected)
        let both = "type: log\ninstances: each-server\nrequires: {server: [app, gateway]}\n"
        #expect(places(try cloud(both) { $0.servers["gw1"] = gateway })["log.6"] == "gw1")
    }

    @Test("a server that comes gets the lowest free index, one that goes takes its service along")
    func comeAndGo() throws {
        let after = try cloud {
            $0.servers["app2"] = nil
            $0.servers["app9"] = Server(name: "app9", location: "tcn", kind: .app, addresses: [])
        }
        #expect(places(after)["log.2"] == "app9")
        #expect(places(after).count == 5)
    }

    @Test("a server that loses the label or the kind loses its service, one that gets them gets one")
    func labels() throws {
        let yaml = "type: log\ninstances: each-server\nrequires: {labels: [ssd]}\n"
        var labelled = try cloud(yaml)
        #expect(places(labelled) == [:])
        let before = labelled
        labelled.servers["app3"]?.labels = ["ssd"]
        labelled.placeOnEachServer(since: before)
        #expect(places(labelled) == ["log.1": "app3"])
        let middle = labelled
        labelled.servers["app3"]?.labels = []
        labelled.placeOnEachServer(since: middle)
        #expect(places(labelled) == [:])
    }

    @Test("what an apply with prune does not name stays as it is, states included")
    func prune() throws {
        let before = try cloud { $0.services["log.2"]?.state = .drain }
        var after = before
        after.services = after.services.filter { $0.value.type != "log" }
        after.placeOnEachServer(since: before)
        #expect(after.services == before.services)
    }

    @Test("a pool that goes takes no service with it: it is a contradiction as ever")
    func pools() throws {
        let yaml = "type: log\ninstances: each-server\ngateway:\n  - {name: in, address: syslog, ports: 514}\n"
        var served = try cloud(yaml)
        #expect(places(served) == [:])
        let id = AddressPool.ID(location: "tcn", name: "syslog")
        served.pools[id] = AddressPool(
            location: "tcn", name: "syslog", addresses: TestCloud.addresses(["198.51.100.40"]))
        let before = served
        served.placeOnEachServer(since: before)
        #expect(places(served).count == 4)
        let middle = served
        served.pools[id] = nil
        served.placeOnEachServer(since: middle)
        #expect(places(served).count == 4)
        #expect(!served.serviceContradictions().isEmpty)
    }

    @Test("nobody adds, scales, doubles or removes one by hand")
    func byHand() throws {
        let cloud = try cloud()
        #expect(throws: ChangeError.self) { try cloud.serverForAnother("log", at: nil) }
        #expect(throws: ChangeError.self) { try cloud.scaling("log", to: 2, at: nil) }
        #expect(
            throws: ChangeError.inUse(
                "service log.1 stays: log has a service on each server that meets its `requires` (instances: each-server)"
            )
        ) {
            try cloud.requireRemovable(cloud.service("log.1"))
        }
        var doubled = cloud
        doubled.services["log.1"]?.server = "app2"
        doubled.placeOnEachServer(since: cloud)
        #expect(
            doubled.serviceContradictions().map(\.message).contains(
                "the services log.1 and log.2 are both on server app2: log has one on each server"))
    }

    @Test("a server can be deleted, other types' services still hold it")
    func deleteServer() throws {
        var cloud = try cloud()
        #expect(throws: ChangeError.inUse("server app1 still has service pgw.1")) { try cloud.deleteServer("app1") }
        try cloud.deleteServer("app4")
    }

    @Test(
        "other words, and a unique type, are faults with their place",
        arguments: [
            ("type: t\ninstances: all\n", "t.yaml:2:12: \"all\" is no rule for instances; there is \"each-server\""),
            (
                "type: t\nunique: true\ninstances: each-server\n",
                "t.yaml:3:1: a unique type has at most one service, not one on each server"
            ),
            ("type: t\nfake: true\ninstances: each-server\n", "\"instances\" has no meaning here"),
        ]) func faults(_ yaml: String, _ text: String) throws
    {
        do {
            _ = try MetaConfiguration.loadOne(yaml, file: "t.yaml")
            Issue.record("accepted")
        } catch {
            #expect("\(error)".contains(text))
        }
    }

    @Test("after any change each server that can take one has exactly one, and indexes do not move")
    func random() throws {
        var random = SeededGenerator(seed: 4_711)
        for _ in 0..<200 {
            var cloud = try RandomCloud.make(using: &random)
            cloud.types["log"] = try TestCloud.type(
                "type: log\ninstances: each-server\nrequires: {server: [app, db]}\n")
            for _ in 0..<6 {
                let before = cloud
                if let name = cloud.servers.keys.sorted().randomElement(using: &random) {
                    if Bool.random(using: &random) {
                        cloud.servers[name] = nil
                    } else {
                        cloud.servers[name]?.kind = .gateway
                    }
                }
                if let location = cloud.locations.keys.sorted().first {
                    let name = "new\(Int.random(in: 0...9, using: &random))"
                    cloud.servers[name] = Server(name: name, location: location, kind: .db, addresses: [])
                }
                cloud.placeOnEachServer(since: before)
                let log = cloud.services.values.filter { $0.type == "log" }
                #expect(
                    log.map(\.server).sorted()
                        == cloud.servers.values.filter { [.app, .db].contains($0.kind) }.map(\.name).sorted())
                for service in log {
                    if let old = before.services[service.name], before.servers[old.server] == cloud.servers[old.server]
                    {
                        #expect(old == service)
                    }
                }
            }
        }
    }

    @Test(
        "one that can get no version of the others, since those are quarantined, waits in maint, and a warning says so")
    func quarantined() throws {
        var before = try cloud()
        let digest = String(repeating: "a", count: 64)
        for name in before.services.values.filter({ $0.type == "log" }).map(\.name) {
            before.services[name]?.installation = Installation(version: .named("1.0.0", variant: nil), digest: digest)
        }
        for isRefused in [false, true] {
            var after = before
            after.servers["app9"] = Server(
                name: "app9", location: "tcn", kind: .app, addresses: before.servers["app1"]?.addresses ?? [])
            after.placeOnEachServer(
                since: before, [digest: SiblingVersion(refusal: isRefused ? "it is quarantined" : nil)])
            let added = try #require(after.services["log.6"])
            #expect(added.server == "app9" && added.installation?.digest == (isRefused ? nil : digest))
            #expect(added.state == (isRefused ? .maint : .ready))
            #expect(after.siblingWarnings(since: before).map(\.message).count == (isRefused ? 1 : 0))
        }
    }
}
