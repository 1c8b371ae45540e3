import AdminAPI
import Cloud
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Registry
import RegistryTestSupport
import ServicesExport
import Testing

@testable import Admin

@Suite("Versions of the export over HTTP") struct ExportVersionRouteTests {
    private static let path = ExportRouteTests.path
    private static let gatewayOfOld: HTTPFields = [.accept: "text/csv", .portcullisGateway: "gw1"]
    private static let limited = Stage.pgw.replacing("weight: 50", with: "weight: 50\n    max-connections: 500")

    @Test(
        "what is asked for is answered: a wildcard takes the newest, text/csv alone is a gateway of the first version",
        arguments: [
            (nil, 2), ("*/*", 2), ("text/*", 2), ("text/csv", 1), ("text/csv; version=1", 1), ("text/csv;version=2", 2),
            ("TEXT/CSV; Version=2", 2), (ServicesCSV.Version.acceptsAll, 2), ("text/csv; version=3, */*; q=0.1", 2),
            ("text/csv; version=3, text/csv; version=2; q=0.9, text/csv; version=1; q=0.5", 2),
            ("text/csv; version=2; q=0.1, text/csv; version=1", 1), ("text/csv, */*; q=0.1", 1),
            ("text/csv; version=\"2\"", 2), ("text/csv; Version=\"\\2\"; q=0.5, text/csv; q=0.4", 2),
            ("text/csv; a=\"x, text/csv; version=1\"; version=2", 2), ("text/csv; version=\"2", 2),
            ("text/csv; version=2; q=0.\(String(repeating: "0", count: 39))1, text/html", 2),
            ("text/csv; version=2; q=0.\(String(repeating: "9", count: 40)), text/csv; version=1; q=0.998", 2),
            ("text/csv; version=2; q=1e-1, text/csv; version=1; q=0.2", 1), ("text/csv; version=2; q=+1, text/csv", 1),
            ("*/csv, text/csv", 1), ("text/html, \(String(repeating: "a/b, ", count: 3_000))text/csv", 1),
            ("text/csv; header=present; version=2", 2), ("text/csv; version=2; q=0, */*", 1),
        ] as [(String?, Int)])
    func negotiation(accept: String?, version: Int) async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let expected = try #require(ServicesCSV.Version(rawValue: version))
            let response = try await stage.get(Self.path, headers: accept.map { [.accept: $0] } ?? [:])
            #expect(response.headers[.contentType] == expected.contentType)
            #expect(response.headers[.vary] == "Accept")
            let bytes = Array(buffer: response.body)
            #expect(try ServicesDocument(parsing: bytes).version == expected)
            #expect(response.headers[.eTag] == ExportDigest(of: bytes).etag)
            #expect(response.headers[.contentDigest] == ExportDigest(of: bytes).contentDigest)
        }
    }

    @Test(
        "a version that nobody writes is a 406 that names those there are",
        arguments: [
            "text/csv; version=3", "text/csv; version=x", "text/html", "text/csv; version=2; q=0",
            "text/csv; version=0",
            "text/csv; version=-1", "text/csv; version=02", "text/csv; version=2.0", "text/csv; version=\"\"",
            "text/csv; version=9999999999999999999999", "text/csv; version=2\u{301}",
        ])
    func unknown(accept: String) async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let problem = try await stage.get(Self.path, headers: [.accept: accept]).problem
            #expect(problem?.status == 406)
            #expect(problem?.detail.contains("version=2") == true)
        }
    }

    @Test("a gateway is in sync by the version that it reads, and both versions' tags make a 304")
    func inSync() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for (name, accept) in [("gw1", "text/csv"), ("gw2", ServicesCSV.Version.acceptsAll)] {
                let tag = try #require(try await stage.get(Self.path, headers: [.accept: accept]).headers[.eTag])
                let poll = try await stage.get(
                    Self.path,
                    headers: [
                        .accept: accept, .ifNoneMatch: tag, .portcullisGateway: name, .portcullisApplied: tag,
                    ])
                #expect(poll.status == .notModified && poll.headers[.vary] == "Accept")
            }
            let gateways = try await stage.read([GatewayResource].self, "/v1/gateways")
            #expect(gateways.map(\.exportVersion) == [1, 2])
            #expect(gateways.map(\.inSync) == [true, true])
            #expect(gateways[0].current != gateways[1].current)
        }
    }

    @Test(
        "a change that a gateway of the location cannot read is refused by its name, until it is upgraded or forgotten")
    func refusal() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            _ = try await stage.get(Self.path, headers: Self.gatewayOfOld)
            let refused = try await stage.send(
                .put, "/v1/types/pgw", Self.limited, type: "application/yaml")
            #expect(refused.problem?.status == 409)
            let fault = try #require(refused.problem?.errors.first)
            #expect(fault.detail.contains("the gateway gw1 of tcn reads version 1 only"))
            #expect(fault.pointer.hasPrefix("pgw.yaml:"))
            // An upgrade is seen with the next poll.
            _ = try await stage.get(
                Self.path, headers: [.accept: ServicesCSV.Version.acceptsAll, .portcullisGateway: "gw1"])
            #expect(try await stage.send(.put, "/v1/types/pgw", Self.limited, type: "application/yaml").problem == nil)
        }
        try await Stage.run { stage in
            try await stage.seed()
            _ = try await stage.get(Self.path, headers: Self.gatewayOfOld)
            try await stage.send(.delete, "/v1/gateways/tcn/gw1")
            #expect(try await stage.send(.put, "/v1/types/pgw", Self.limited, type: "application/yaml").problem == nil)
        }
    }

    @Test(
        "a refusal names what in the request brings the section to the old gateway's location, in a dry run too")
    func places() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for (path, body) in [
                ("locations/hel", "{}"), ("locations/hel/pools/www-ip", #"{"addresses": ["203.0.113.9"]}"#),
                ("servers/hel1", #"{"location": "hel", "kind": "app", "addresses": ["10.2.0.1"]}"#),
                ("services/pgw.3", #"{"server": "hel1", "state": "maint"}"#),
                ("services/pgw.2", #"{"server": "app3"}"#),
            ] {
                #expect(try await stage.send(.put, "/v1/\(path)", body).problem == nil)
            }
            let old: HTTPFields = [.accept: "text/csv", .portcullisGateway: "gw1"]
            #expect(try await stage.get("/v1/locations/hel/services.csv", headers: old).status == .ok)
            // Served at tcn alone, it concerns no old gateway.
            #expect(try await stage.send(.put, "/v1/types/pgw", Self.limited, type: "application/yaml").problem == nil)
            let services = [("pgw.1", "app1"), ("pgw.2", "app3"), ("pgw.3", "hel1")].map { name, server in
                #"{"name": "\#(name)", "server": "\#(server)", "state": "ready"}"#
            }
            for (method, path, body, place) in [
                (.patch, "services/pgw.3", #"{"state": "ready"}"#, "#/state"),
                (.put, "services/pgw.3", #"{"server": "hel1"}"#, "{service}"),
                (.put, "services/pgw.4", #"{"server": "hel1"}"#, "{service}"),
                (.post, "services", #"{"type": "pgw", "server": "hel1"}"#, "#/type"),
                (.patch, "services/pgw.2", #"{"weight": 3, "server": "hel1"}"#, "#/server"),
                (.patch, "servers/app3", #"{"location": "hel"}"#, "#/location"),
                (.post, "apply", #"{"services": [\#(services.joined(separator: ", "))]}"#, "#/services/2/state"),
            ] as [(HTTPRequest.Method, String, String, String)] {
                for query in ["", "?dry_run=true"] {
                    let problem = try await stage.send(method, "/v1/\(path)\(query)", body).problem
                    #expect(problem?.status == 409, "\(path)")
                    let fault = problem?.errors.first { $0.detail.contains("gw1 of hel reads version 1 only") }
                    #expect(fault?.pointer == place, "\(method) \(path) \(problem?.errors.map(\.pointer) ?? [])")
                }
            }
        }
    }

    @Test("a gateway that was known before a restart still counts, with the version it read then")
    func refusalAfterRestart() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            _ = try await stage.get(Self.path, headers: Self.gatewayOfOld)
            await stage.gateways.flush()
            let next = Registry(store: stage.registry.store)
            await #expect(throws: (any Error).self) {
                _ = try await next.write(by: "ops", dryRun: true) { cloud, _ in
                    cloud.types["pgw"] = try .read(source: Self.limited, name: "pgw")
                }
            }
        }
    }

    @Test("a gateway of version 1 that comes where version 2 is needed gets 406, is seen, and is not in sync")
    func notExpressible() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            #expect(try await stage.send(.put, "/v1/types/pgw", Self.limited, type: "application/yaml").problem == nil)
            let problem = try await stage.get(Self.path, headers: Self.gatewayOfOld).problem
            #expect(problem?.status == 406)
            #expect(problem?.detail.contains("needs version 2 of the format") == true)
            let gateway = try await stage.read([GatewayResource].self, "/v1/gateways").first
            #expect(gateway?.name == "gw1" && gateway?.exportVersion == 1 && gateway?.inSync == false)
            #expect(gateway?.neededVersion == 2)
            // It stands in nobody's way: what it cannot read was there before it.
            #expect(try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 1}"#).problem == nil)
            // The limit gone, it is served again.
            #expect(try await stage.send(.put, "/v1/types/pgw", Stage.pgw, type: "application/yaml").problem == nil)
            #expect(try await stage.get(Self.path, headers: Self.gatewayOfOld).status == .ok)
        }
    }

    @Test(
        "a held poll that ends with a problem says that its connection ends", .timeLimit(.minutes(5)),
        arguments: ["the version", "the location", "the token"])
    func heldUntilProblem(lost: String) async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            var headers: HTTPFields = [.accept: "text/csv", .prefer: "wait=60"]
            headers[.ifNoneMatch] = try await stage.get(Self.path, headers: headers).headers[.eTag]
            if lost == "the token" {
                let token = try await stage.registry.tokens.add(name: "gw", role: .gateway)
                headers[.authorization] = "Bearer \(token)"
            }
            try await stage.withConnection { [headers] client in
                async let answer = client.poll(Self.path, headers: headers)
                while await stage.registry.exportChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
                switch lost {
                case "the version":
                    try await stage.send(.put, "/v1/types/pgw", Self.limited, type: "application/yaml")
                case "the location":
                    _ = try await stage.registry.write(by: "ops", dryRun: false) { cloud, _ in cloud = Cloud() }
                default: try await stage.registry.tokens.remove(name: "gw")
                }
                let response = try await answer
                #expect([.unauthorized, .notFound, .notAcceptable].contains(response.status))
                #expect(response.headers[.connection] == "close")
            }
        }
    }

    @Test(
        "a held poll of version 1 sleeps through what it cannot see, and is answered when its export differs",
        .timeLimit(.minutes(5)))
    func held() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let tag = try #require(try await stage.get(Self.path, headers: [.accept: "text/csv"]).headers[.eTag])
            let newest = try #require(try await stage.get(Self.path).headers[.eTag])
            #expect(tag != newest)
            try await stage.withConnection { client in
                async let answer = client.poll(
                    Self.path, headers: [.accept: "text/csv", .ifNoneMatch: tag, .prefer: "wait=60"])
                while await stage.registry.exportChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
                try await stage.send(.put, "/v1/types/pgw", "# comment\n" + Stage.pgw, type: "application/yaml")
                try await Task.sleep(for: .milliseconds(200))
                #expect(await stage.registry.exportChanges.waiting == 1)
                try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 2}"#)
                let response = try await answer
                #expect(response.status == .ok)
                #expect(response.headers[.contentType] == ServicesCSV.Version.one.contentType)
                #expect(response.headers[.eTag] != tag)
            }
        }
    }
}
