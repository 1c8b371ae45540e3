import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Names
import Registry
import RegistryTestSupport
import ServicesExport
import Testing

@testable import Admin

@Suite("Egress rules of the API") struct EgressRouteTests {
    private static let path = "/v1/locations/tcn/egress/out"
    private static let body = #"{"pool": "out-ip", "from": ["fd00:1::/64", "10.1.0.0/16"], "except": ["10.0.0.0/8"]}"#
    private static let rule = EgressResource(
        location: "tcn", name: "out", pool: "out-ip", from: ["10.1.0.0/16", "fd00:1::/64"], except: ["10.0.0.0/8"])
    private static let rows = [
        "egress,out,any,out-ip,198.51.100.40,,,snat,,,,10.1.0.0/16,,,,,,,,,,,10.0.0.0/8,,,",
        "egress,out,any,out-ip,2001:db8::40,,,snat,,,,fd00:1::/64,,,,,,,,,,,,,,",
    ]

    /// The seed's cloud with a pool for egress.
    private func run(_ body: @escaping @Sendable (Stage) async throws -> Void) async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(
                .put, "/v1/locations/tcn/pools/out-ip", #"{"addresses": ["198.51.100.40", "2001:db8::40"]}"#)
            try await body(stage)
        }
    }

    @Test("a rule is created, read, listed, replaced and deleted; the report names its rows")
    func life() async throws {
        try await run { stage in
            let plan = try await stage.send(.put, Self.path + "?dry_run=true", Self.body)
            #expect(try plan.report.export.map(\.added) == [Self.rows])
            #expect(try await stage.get(Self.path).problem?.detail == "There is no egress rule out at location tcn.")
            let created = try await stage.send(.put, Self.path, Self.body)
            #expect(created.status == .created)
            #expect(
                try created.report.changes == [
                    .init(
                        action: .create, kind: .egress, name: "tcn/out",
                        after: "from 10.1.0.0/16 fd00:1::/64 by out-ip, except 10.0.0.0/8")
                ])
            #expect(try created.report.export.map(\.added) == [Self.rows])
            #expect(try created.report.warnings.isEmpty)
            let read = try await stage.get(Self.path)
            #expect(try read.decoded(EgressResource.self) == Self.rule)
            #expect(read.headers[.eTag] == created.headers[.eTag])
            #expect(try await stage.read([EgressResource].self, "/v1/locations/tcn/egress") == [Self.rule])
            #expect(try await stage.export().prefix(2) == Self.rows[...])
            // A drain moves no egress row, and a rule none of the services'.
            let drained = try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain"}"#).report.export
            #expect(drained.first?.changed.allSatisfy { $0.after.hasPrefix("tg.1,") } == true)
            let replaced = try await stage.send(
                .put, Self.path, #"{"name": "out", "location": "tcn", "pool": "out-ip", "from": ["10.1.0.0/16"]}"#)
            #expect(replaced.status == .ok)
            #expect(try replaced.report.export.map(\.removed) == [[Self.rows[1]]])
            #expect(try replaced.report.export.first?.changed.map(\.before) == [Self.rows[0]])
            let removed = try await stage.send(.delete, Self.path)
            #expect(try removed.report.export.first?.removed.count == 1)
            #expect(try await stage.get(Self.path).status == .notFound)
            #expect(try await stage.get("/v1/locations/nowhere/egress").status == .notFound)
            #expect(try await stage.send(.put, "/v1/locations/nowhere/egress/out", Self.body).status == .notFound)
            let events = try await stage.read(EventPage.self, "/v1/events?kind=egress&name=tcn/out").events
            #expect(events.map(\.action) == [.create, .update, .delete])
        }
    }

    @Test("it is written and deleted only as it was read, where the request says so")
    func preconditions() async throws {
        try await run { stage in
            let tag = try #require(try await stage.send(.put, Self.path, Self.body).headers[.eTag])
            let again = try await stage.send(.put, Self.path, Self.body, headers: [.ifNoneMatch: "*"])
            #expect(again.problem?.status == 412)
            let other = #"{"pool": "out-ip", "from": ["10.9.0.0/16"]}"#
            #expect(try await stage.send(.put, Self.path, other, headers: [.ifMatch: tag]).status == .ok)
            #expect(try await stage.send(.put, Self.path, Self.body, headers: [.ifMatch: tag]).problem?.status == 412)
            #expect(try await stage.send(.delete, Self.path, headers: [.ifMatch: tag]).problem?.status == 412)
            #expect(try await stage.get(Self.path, headers: [.ifNoneMatch: tag]).status == .ok)
        }
    }

    @Test("a fault of the body is told at its place")
    func faults() async throws {
        try await run { stage in
            let many = (0...256).map { "\"10.\($0 / 256).\($0 % 256).0/24\"" }.joined(separator: ", ")
            let cases = [
                (#"{"from": ["10.1.0.0/16"]}"#, "#/pool", "is missing"),
                (#"{"pool": "out-ip"}"#, "#/from", "is missing"),
                (#"{"pool": "out-ip", "from": []}"#, "#/from", "at least 1 element is expected"),
                (#"{"pool": "out-ip", "from": [\#(many)]}"#, "#/from", "at most 256 elements are allowed"),
                (
                    #"{"pool": "out-ip", "from": ["10.9.0.0/16"], "except": [\#(many)]}"#, "#/except",
                    "at most 256 elements are allowed"
                ),
                (
                    #"{"pool": "out-ip", "from": ["10.2.0.0/16", "10.1.0.5/16"]}"#, "#/from/1",
                    #""10.1.0.5/16" has bits set behind the prefix length; the network is 10.1.0.0/16"#
                ),
                (
                    #"{"pool": "out-ip", "from": ["10.1.0.0/16"], "except": ["FD00::/8"]}"#, "#/except/0",
                    #""FD00::/8" must be written as fd00::/8"#
                ),
                (
                    #"{"pool": "out-ip", "from": ["10.1.0.0/16", "10.1.0.0/16"]}"#, "#/from/1",
                    "10.1.0.0/16 is listed twice"
                ),
                (
                    #"{"pool": "Out", "from": ["10.1.0.0/16"]}"#, "#/pool",
                    "the name of a pool must start with a lower-case letter or a digit"
                ),
                (
                    #"{"name": "b", "pool": "out-ip", "from": ["10.1.0.0/16"]}"#, "#/name",
                    #""b" differs from "out" in the path"#
                ),
            ]
            for (body, pointer, detail) in cases {
                let problem = try await stage.send(.put, Self.path, body).problem
                #expect(problem?.status == 422, "\(body)")
                #expect(problem?.errors == [.init(pointer: pointer, detail: detail)], "\(body)")
            }
            let name = try await stage.send(.put, "/v1/locations/tcn/egress/Out", Self.body).problem
            #expect(name?.errors.first?.detail.hasPrefix("the name of a rule must start with") == true)
        }
    }

    @Test("a contradiction is told at the place of the request that brings it about")
    func places() async throws {
        try await run { stage in
            try await stage.send(.put, Self.path, Self.body)
            func put(_ from: String, except: String = "", pool: String = "out-ip") -> String {
                #"{"pool": "\#(pool)", "from": [\#(from)], "except": [\#(except)]}"#
            }
            func rule(_ name: String, at location: String = "tcn", _ from: String, pool: String = "out-ip") -> String {
                #"{"location": "\#(location)", "name": "\#(name)", "pool": "\#(pool)", "from": [\#(from)]}"#
            }
            let egress = "/v1/locations/tcn/egress/b"
            let cases: [(HTTPRequest.Method, String, String?, String)] = [
                (.put, egress, put(#""10.9.0.0/16", "10.1.2.0/24""#), "#/from/1"),
                (.put, egress, put(#""10.9.0.0/16", "198.51.100.40/32""#), "#/from/1"),
                (.put, egress, put(#""10.9.0.0/16""#, except: #""10.0.0.0/8", "fd00::/8""#), "#/except/1"),
                (.put, egress, put(#""10.9.0.0/16""#, pool: "none"), "#/pool"),
                (.put, egress, put(#""10.9.0.0/16", "fd00:9::/64""#, pool: "www-ip"), "#/from/1"),
                (.delete, "/v1/locations/tcn/pools/out-ip", nil, "{pool}"),
                (.put, "/v1/locations/tcn/pools/out-ip", #"{"addresses": ["198.51.100.40"]}"#, "#/addresses"),
                (
                    .put, "/v1/locations/tcn/pools/out-ip",
                    #"{"addresses": ["198.51.100.40", "2001:db8::40", "10.1.7.7"]}"#, "#/addresses/2"
                ),
                (
                    .post, "/v1/apply",
                    #"{"egress": [\#(rule("a", #""10.7.0.0/16""#)), \#(rule("b", #""10.9.0.0/16", "10.1.2.0/24""#))]}"#,
                    "#/egress/1/from/1"
                ),
                (.post, "/v1/apply", #"{"egress": [\#(rule("b", #""10.9.0.0/16""#, pool: "x"))]}"#, "#/egress/0/pool"),
                (
                    .post, "/v1/apply", #"{"egress": [\#(rule("b", at: "ams", #""10.9.0.0/16""#))]}"#,
                    "#/egress/0/location"
                ),
            ]
            for (method, path, body, pointer) in cases {
                for query in ["", "?dry_run=true"] {
                    let problem = try await stage.send(method, path + query, body).problem
                    #expect(problem?.status == 409, "\(path) \(body ?? "")")
                    #expect(problem?.errors.map(\.pointer) == [pointer], "\(path) \(body ?? "")")
                }
            }
            let location = try await stage.send(.delete, "/v1/locations/tcn").problem
            #expect(location?.status == 409)
            // The other side is not in the request: it is named by its path.
            let move = #"{"pools": [{"location": "tcn", "name": "more", "addresses": ["10.1.7.7"]}]}"#
            let other = try await stage.send(.post, "/v1/apply", move).problem
            #expect(other?.errors.map(\.pointer) == ["#/pools/0/addresses/0"])
            // The place is that of the request, whatever the order of the addresses is.
            for (path, method, body, pointer) in [
                (
                    "/v1/apply", HTTPRequest.Method.post,
                    #"{"pools": [{"location": "tcn", "name": "more", "addresses": ["198.51.100.99", "10.1.7.7"]}]}"#,
                    "#/pools/0/addresses/1"
                ),
                (
                    "/v1/locations/tcn/pools/more", .put, #"{"addresses": ["198.51.100.99", "10.1.7.7"]}"#,
                    "#/addresses/1"
                ),
            ] {
                let problem = try await stage.send(method, path, body).problem
                #expect(problem?.errors.map(\.pointer) == [pointer])
            }
            #expect(other?.errors.first?.detail.contains("egress rule out of location tcn is for 10.1.0.0/16") == true)
        }
    }

    @Test("a pool that sections use brings a warning at its place")
    func warning() async throws {
        try await run { stage in
            let report = try await stage.send(
                .put, Self.path, #"{"pool": "www-ip", "from": ["10.1.0.0/16"]}"#
            ).report
            #expect(report.warnings.map(\.pointer) == ["#/pool"])
            #expect(report.warnings.first?.detail.contains("on which pgw/http is served") == true)
        }
    }

    @Test("an apply makes rules and a prune takes them away; the whole registry has them, and they may be left out")
    func apply() async throws {
        try await run { stage in
            let before = try await stage.get("/v1/cloud").text
            #expect(!before.contains("egress"))
            try await stage.send(.put, Self.path, Self.body)
            let with = try await stage.get("/v1/cloud")
            #expect(try with.decoded(ApplyRequest.self).egress == [Self.rule])
            #expect(try await stage.send(.post, "/v1/apply", with.text).report.changes.isEmpty)
            #expect(try await stage.send(.post, "/v1/apply", before).report.changes.isEmpty)
            let prune = before.replacing("\"prune\":false", with: "\"prune\":true")
            #expect(
                try await stage.send(.post, "/v1/apply", prune).report.changes.map { "\($0.action) \($0.name)" }
                    == ["delete tcn/out"])
            #expect(try await stage.send(.post, "/v1/apply", with.text).report.changes.map(\.kind) == [.egress])
        }
    }

    @Test("a gateway that reads version 1 only stands in the way of a rule; one that comes later gets a 406")
    func versions() async throws {
        let old: HTTPFields = [.accept: "text/csv", .portcullisGateway: "gw1"]
        try await run { stage in
            _ = try await stage.get(ExportRouteTests.path, headers: old)
            let apply =
                #"{"egress": [{"location": "tcn", "name": "out", "pool": "out-ip", "from": ["10.1.0.0/16"]}]}"#
            for (method, path, body, place) in [
                (.put, Self.path, Self.body, "{egress}"), (.post, "/v1/apply", apply, "#/egress/0"),
            ] as [(HTTPRequest.Method, String, String, String)] {
                let problem = try await stage.send(method, path, body).problem
                #expect(problem?.status == 409)
                #expect(
                    problem?.errors == [
                        .init(
                            pointer: place,
                            detail:
                                "the egress rule out needs version 2 of the export, and the gateway gw1 of tcn reads "
                                + "version 1 only: upgrade it, or forget it if it is gone")
                    ])
            }
            try await stage.send(.delete, "/v1/gateways/tcn/gw1")
            #expect(try await stage.send(.put, Self.path, Self.body).status == .created)
            let problem = try await stage.get(ExportRouteTests.path, headers: old).problem
            #expect(problem?.status == 406)
            #expect(problem?.detail.contains("needs version 2 of the format") == true)
            // What was there before the gateway came is in nobody's way.
            #expect(
                try await stage.send(.put, Self.path, #"{"pool": "out-ip", "from": ["10.2.0.0/16"]}"#).status == .ok)
            try await stage.send(.delete, Self.path)
            #expect(try await stage.get(ExportRouteTests.path, headers: old).status == .ok)
        }
    }

    @Test("a token for the location may change rules, one for types or another location may not")
    func scopes() async throws {
        try await run { stage in
            func send(_ name: String, _ scope: ChangeScope) async throws -> TestResponse {
                let secret = try await stage.registry.tokens.add(
                    TokenGrant(name: name, role: .admin, scope: scope)
                ).secret
                return try await stage.send(
                    .put, Self.path, Self.body, headers: [.authorization: "Bearer \(secret)"])
            }
            for (name, scope, detail) in [
                ("a", ChangeScope(locations: ["hel"]), "egress rule tcn/out: it is at tcn"),
                ("b", ChangeScope(types: ["pgw"]), "egress rule tcn/out: it is of no type"),
            ] {
                let refused = try await send(name, scope)
                #expect(refused.problem?.status == 403)
                #expect(refused.problem?.errors == [.init(pointer: "{egress}", detail: detail)])
            }
            #expect(try await send("c", ChangeScope(locations: ["tcn"])).status == .created)
        }
    }
}
