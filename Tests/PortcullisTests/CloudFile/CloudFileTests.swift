import AdminAPI
import Names
import Testing
import YAML

@testable import portcullis

@Suite struct CloudFileTests {
    @Test("a cloud file becomes the resources of the request")
    func wholeFile() throws {
        let cloud = try CloudFile(
            parsing: """
                types: [types/pgw.yaml]
                locations:
                  tcn:
                    description: Groningen
                    pools:
                      www-ip: 198.51.100.36
                    egress:
                      out: {pool: www-ip, from: [10.1.0.0/16, "fd00:1::/64"], except: 10.0.0.0/8}
                      b: {pool: www-ip, from: 10.2.0.0/16, except: []}
                    servers:
                      app1: {kind: app, addresses: [10.1.0.11, "FD00:1:0::11"]}
                  hel:
                services:
                  pgw.1: app1
                  pgw.2: {server: app1, state: drain, weight: 0}
                """, file: "cloud.yaml")
        #expect(cloud.types.map(Self.path) == ["types/pgw.yaml"])
        #expect(
            cloud.locations == [
                LocationResource(name: "tcn", description: "Groningen"), LocationResource(name: "hel"),
            ])
        #expect(cloud.pools == [PoolResource(location: "tcn", name: "www-ip", addresses: ["198.51.100.36"])])
        #expect(
            cloud.egress == [
                EgressResource(
                    location: "tcn", name: "out", pool: "www-ip", from: ["10.1.0.0/16", "fd00:1::/64"],
                    except: ["10.0.0.0/8"]),
                EgressResource(location: "tcn", name: "b", pool: "www-ip", from: ["10.2.0.0/16"]),
            ])
        #expect(
            cloud.servers == [
                ServerResource(name: "app1", location: "tcn", kind: .app, addresses: ["10.1.0.11", "fd00:1::11"])
            ])
        #expect(
            cloud.services == [
                ApplyRequest.Service(name: "pgw.1", server: "app1"),
                ApplyRequest.Service(name: "pgw.2", server: "app1", state: .drain, weight: 0),
            ])
    }

    private static func path(_ type: CloudFile.TypeReference) -> String? {
        if case .path(let path, _) = type { path } else { nil }
    }

    @Test("an empty part counts as left out")
    func emptyParts() throws {
        let cloud = try CloudFile(parsing: "locations:\nservices:\ntypes:\n", file: "cloud.yaml")
        #expect(cloud.locations.isEmpty && cloud.services.isEmpty && cloud.types.isEmpty)
    }

    @Test(
        "what is wrong with a cloud file is told with its place",
        arguments: [
            ("", "cloud.yaml:1:1: the file is empty"),
            ("- a", "cloud.yaml:1:1: expected a cloud: types, locations, services, found a list"),
            ("locatons: {}", "cloud.yaml:1:1: unknown key \"locatons\"; did you mean \"locations\"?"),
            ("types: pgw.yaml", "cloud.yaml:1:8: expected a list of type files, found \"pgw.yaml\""),
            ("types: [[]]", "cloud.yaml:1:9: expected the path of a type file, found a list"),
            ("locations: [tcn]", "cloud.yaml:1:12: expected locations by name, found a list"),
            (
                "locations:\n  tcn: here",
                "cloud.yaml:2:8: expected a location: description, pools, egress, servers, found \"here\""
            ),
            ("locations:\n  tcn: {}\n  tcn: {}", "cloud.yaml:3:3: the key \"tcn\" is there already, at 2:3"),
            (
                "locations:\n  tcn:\n    pools: {www-ip: [10.0.0.256]}",
                "cloud.yaml:3:22: expected an IP address, found \"10.0.0.256\""
            ),
            (
                "locations:\n  tcn:\n    pools: {www-ip: []}",
                "cloud.yaml:3:21: expected public addresses, found an empty list"
            ),
            (
                "locations:\n  tcn:\n    egress: {a: {pool: p}}", "cloud.yaml:3:17: the key \"from\" is missing"
            ),
            (
                "locations:\n  tcn:\n    egress: {a: {pool: p, from: []}}",
                "cloud.yaml:3:33: expected inside networks, found an empty list"
            ),
            (
                "locations:\n  tcn:\n    egress: {a: {pool: p, from: [10.1.0.0/16, 10.1.0.5/16]}}",
                "cloud.yaml:3:47: \"10.1.0.5/16\" has bits set behind the prefix length; the network is 10.1.0.0/16"
            ),
            (
                "locations:\n  tcn:\n    egress: {a: {pool: p, form: 10.1.0.0/16}}",
                "cloud.yaml:3:17: the key \"from\" is missing\n"
                    + "cloud.yaml:3:27: unknown key \"form\"; did you mean \"from\"?"
            ),
            (
                "locations:\n  tcn:\n    servers: {a: {kind: ap, addresses: [10.0.0.1]}}",
                "cloud.yaml:3:25: unknown kind of server \"ap\"; did you mean \"app\"?"
            ),
            (
                "locations:\n  tcn:\n    servers: {a: {addresses: [10.0.0.1]}}",
                "cloud.yaml:3:18: the key \"kind\" is missing"
            ),
            ("locations:\n  tcn:\n    servers: {a: {kind: app}}", "cloud.yaml:3:18: the key \"addresses\" is missing"),
            ("services:\n  pgw: app1", "cloud.yaml:2:3: \"pgw\" is no service; its name is TYPE.INDEX, like tg.3"),
            (
                "services:\n  pgw.01: app1",
                "cloud.yaml:2:3: \"pgw.01\" is no service; its name is TYPE.INDEX, like tg.3"
            ),
            (
                "services:\n  pgw.1: 7",
                "cloud.yaml:2:10: expected the name of a server, found 7; quote it if it is meant as text"
            ),
            ("services:\n  pgw.1:", "cloud.yaml:2:9: expected the name of a server, found nothing"),
            ("services:\n  pgw.1: {state: ready}", "cloud.yaml:2:10: the key \"server\" is missing"),
            (
                "services:\n  pgw.1: {server: a, state: read}",
                "cloud.yaml:2:29: unknown state \"read\"; did you mean \"ready\"?"
            ),
            (
                "services:\n  pgw.1: {server: a, weight: 65536}",
                "cloud.yaml:2:30: expected a weight from 0 to 65535, found 65536"
            ),
        ])
    func faults(text: String, message: String) {
        let error = #expect(throws: YAMLErrors.self) { try CloudFile(parsing: text, file: "cloud.yaml") }
        #expect(error?.description == message)
    }

    @Test("a server of two locations is refused with both places")
    func serverTwice() {
        let text = """
            locations:
              tcn:
                servers:
                  app1: {kind: app, addresses: [10.1.0.11]}
              hel:
                servers:
                  app1: {kind: app, addresses: [10.2.0.11]}
            """
        let error = #expect(throws: YAMLErrors.self) { try CloudFile(parsing: text, file: "cloud.yaml") }
        #expect(error?.description == "cloud.yaml:7:7: the server app1 is there already, at 4:7")
    }

    @Test("all faults of a file are told at once")
    func allFaults() {
        let text = "locations: 1\nservices: {pgw: a, tg.1: [b]}"
        let error = #expect(throws: YAMLErrors.self) { try CloudFile(parsing: text, file: "cloud.yaml") }
        #expect(error?.errors.count == 3)
    }
}
