import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Names
import Registry
import Testing

@testable import Admin

@Suite("Resources of the API") struct ResourceRouteTests {
    @Test("a location is created, read, listed, replaced and deleted")
    func location() async throws {
        try await Stage.run { stage in
            let created = try await stage.send(.put, "/v1/locations/tcn", #"{"description": "Groningen"}"#)
            #expect(created.status == .created)
            #expect(
                try created.report.changes == [
                    .init(action: .create, kind: .location, name: "tcn", after: "Groningen")
                ])
            let read = try await stage.get("/v1/locations/tcn")
            #expect(try read.decoded(LocationResource.self) == LocationResource(name: "tcn", description: "Groningen"))
            #expect(read.headers[.eTag] == created.headers[.eTag])
            #expect(try await stage.send(.put, "/v1/locations/tcn", #"{"name": "tcn"}"#).status == .ok)
            #expect(try await stage.read([LocationResource].self, "/v1/locations") == [LocationResource(name: "tcn")])
            #expect(try await stage.send(.delete, "/v1/locations/tcn").status == .ok)
            #expect(try await stage.get("/v1/locations/tcn").problem?.detail == "There is no location tcn.")
        }
    }

    @Test("a pool keeps its addresses in canonical form and order")
    func pool() async throws {
        try await Stage.run { stage in
            try await stage.send(.put, "/v1/locations/tcn", "{}")
            let created = try await stage.send(
                .put, "/v1/locations/tcn/pools/www-ip", #"{"addresses": ["2001:DB8:0::1", "198.51.100.36"]}"#)
            #expect(created.status == .created)
            let pool = PoolResource(location: "tcn", name: "www-ip", addresses: ["198.51.100.36", "2001:db8::1"])
            #expect(try await stage.read(PoolResource.self, "/v1/locations/tcn/pools/www-ip") == pool)
            #expect(try await stage.read([PoolResource].self, "/v1/locations/tcn/pools") == [pool])
            #expect(try await stage.send(.delete, "/v1/locations/tcn/pools/www-ip").status == .ok)
            #expect(try await stage.get("/v1/locations/tcn/pools/www-ip").status == .notFound)
            #expect(try await stage.get("/v1/locations/nowhere/pools").status == .notFound)
        }
    }

    @Test("a server is created, changed in part, and deleted")
    func server() async throws {
        try await Stage.run { stage in
            try await stage.send(.put, "/v1/locations/tcn", "{}")
            let body = #"{"location": "tcn", "kind": "db", "addresses": ["10.1.0.21", "fd00:1::21"]}"#
            #expect(try await stage.send(.put, "/v1/servers/db1", body).status == .created)
            let patched = try await stage.send(.patch, "/v1/servers/db1", #"{"kind": "archive"}"#)
            #expect(
                try patched.report.changes == [
                    .init(
                        action: .update, kind: .server, name: "db1",
                        before: "db server at tcn, 10.1.0.21 fd00:1::21",
                        after: "archive server at tcn, 10.1.0.21 fd00:1::21")
                ])
            let server = ServerResource(
                name: "db1", location: "tcn", kind: .archive, addresses: ["10.1.0.21", "fd00:1::21"], state: .ready)
            #expect(try await stage.read(ServerResource.self, "/v1/servers/db1") == server)
            #expect(try await stage.read([ServerResource].self, "/v1/servers") == [server])
            #expect(try await stage.send(.delete, "/v1/servers/db1").status == .ok)
            #expect(try await stage.send(.patch, "/v1/servers/db1", "{}").status == .notFound)
        }
    }

    @Test("a type is given back as it was written, by media type, in every revision")
    func type() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let source = "# why\n" + Stage.pgw
            let written = try await stage.send(.put, "/v1/types/pgw", source, type: "application/yaml")
            #expect(written.status == .ok)
            let resource = try await stage.read(TypeResource.self, "/v1/types/pgw")
            #expect(resource.revision == 2)
            #expect(resource.source == source)
            let yaml = try await stage.get("/v1/types/pgw", headers: [.accept: "application/yaml"])
            #expect(yaml.headers[.contentType] == "application/yaml")
            #expect(yaml.text == source)
            #expect(yaml.headers[.eTag] != written.headers[.eTag])
            #expect(try await stage.read(TypeResource.self, "/v1/types/pgw?revision=1").source == Stage.pgw)
            #expect(try await stage.get("/v1/types/pgw?revision=9").status == .notFound)
            #expect(try await stage.read([TypeSummary].self, "/v1/types/pgw/revisions").map(\.revision) == [2, 1])
            #expect(try await stage.read([TypeSummary].self, "/v1/types").map(\.type) == ["pgw", "tg"])
        }
    }

    @Test("a type that comes back counts its revisions on")
    func revisionsGoOn() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for service in ["tg.1", "tg.2"] { try await stage.send(.delete, "/v1/services/\(service)") }
            #expect(try await stage.send(.delete, "/v1/types/tg").status == .ok)
            #expect(try await stage.get("/v1/types/tg").status == .notFound)
            #expect(try await stage.read(TypeResource.self, "/v1/types/tg?revision=1").source == Stage.tg)
            try await stage.send(.put, "/v1/types/tg", Stage.tg, type: "application/yaml")
            #expect(try await stage.read(TypeResource.self, "/v1/types/tg").revision == 2)
        }
    }

    @Test("a new service gets the lowest free index")
    func allocation() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let created = try await stage.send(.post, "/v1/services", #"{"type": "tg", "server": "app3", "weight": 7}"#)
            #expect(created.status == .created)
            #expect(created.headers[.location] == "/v1/services/tg.3")
            let service = try await stage.read(ServiceResource.self, "/v1/services/tg.3")
            #expect(
                service
                    == ServiceResource(
                        name: "tg.3", type: "tg", index: 3, server: "app3", state: .ready, weight: 7,
                        effective: EffectiveState(.ready, of: .service)))
            try await stage.send(.delete, "/v1/services/tg.1")
            let reused = try await stage.send(.post, "/v1/services", #"{"type": "tg", "server": "app1"}"#)
            #expect(try reused.report.changes.first?.name == "tg.1")
        }
    }

    @Test("a service's state and weight show in the export, null gives the section's weight back")
    func serviceStates() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            func weights() async throws -> [String] {
                try await stage.export().filter { $0.hasPrefix("pgw.1,http,tcp,www-ip,198.51.100.36,80,") }
                    .compactMap { $0.split(separator: ",", omittingEmptySubsequences: false).last.map(String.init) }
            }
            #expect(try await weights() == ["50"])
            try await stage.send(.patch, "/v1/services/pgw.1", #"{"weight": 9}"#)
            #expect(try await weights() == ["9"])
            try await stage.send(.patch, "/v1/services/pgw.1", #"{"state": "drain"}"#)
            #expect(try await weights() == ["0"])
            try await stage.send(.patch, "/v1/services/pgw.1", #"{"state": "maint"}"#)
            #expect(try await weights() == [])
            let back = try await stage.send(.patch, "/v1/services/pgw.1", #"{"state": "ready", "weight": null}"#)
            #expect(try back.report.export.first?.added.count == 2)
            #expect(try await weights() == ["50"])
            let read = try await stage.get("/v1/services/pgw.1")
            #expect(read.text.contains(#""weight":null"#))
        }
    }

    @Test("a service moved to another server is a changed row")
    func move() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let moved = try await stage.send(.put, "/v1/services/tg.2", #"{"server": "app3"}"#)
            let export = try #require(try moved.report.export.first)
            #expect(export.location == "tcn")
            #expect(export.added == [] && export.removed == [])
            #expect(export.changed.map(\.after).allSatisfy { $0.contains(",10.1.0.13,") })
            #expect(export.changed.count == 2)
        }
    }

    @Test("HEAD answers as GET, without the body")
    func head() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for path in ["/v1/locations/tcn", "/v1/locations/tcn/services.csv", "/healthz", "/v1/types/tg"] {
                let get = try await stage.get(path)
                let head = try await stage.send(.head, path)
                #expect(head.status == .ok)
                #expect(head.headers[.eTag] == get.headers[.eTag])
                #expect(head.headers[.contentLength] == "\(get.body.readableBytes)")
                #expect(head.body.readableBytes == 0)
            }
        }
    }

    @Test("a GET with the ETag it had is a 304; the weak tag, a list and * are too")
    func conditionalGet() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let tag = try #require(try await stage.get("/v1/servers/app1").headers[.eTag])
            for condition in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let response = try await stage.get("/v1/servers/app1", headers: [.ifNoneMatch: condition])
                #expect(response.status == .notModified)
                #expect(response.body.readableBytes == 0)
            }
            let other = try await stage.get("/v1/servers/app1", headers: [.ifNoneMatch: "\"other\""])
            #expect(other.status == .ok)
        }
    }

    @Test("If-Match guards against another's change, If-None-Match: * against replacing")
    func conditionalPut() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let tag = try #require(try await stage.get("/v1/services/tg.1").headers[.eTag])
            let first = try await stage.send(
                .patch, "/v1/services/tg.1", #"{"weight": 1}"#, headers: [.ifMatch: tag])
            #expect(first.status == .ok)
            let second = try await stage.send(
                .patch, "/v1/services/tg.1", #"{"weight": 2}"#, headers: [.ifMatch: tag])
            #expect(second.problem?.status == 412)
            #expect(try await stage.read(ServiceResource.self, "/v1/services/tg.1").weight == 1)
            let create = try await stage.send(.put, "/v1/locations/tcn", "{}", headers: [.ifNoneMatch: "*"])
            #expect(create.problem?.status == 412)
            let unreadable = try await stage.send(.delete, "/v1/services/tg.1", headers: [.ifMatch: "tag"])
            #expect(unreadable.problem?.status == 412)
            let missing = try await stage.send(.delete, "/v1/services/tg.9", headers: [.ifMatch: tag])
            #expect(missing.problem?.status == 404)
        }
    }

    @Test("dry_run answers what the change would do and stores nothing")
    func dryRun() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let events = try await stage.eventCount()
            let before = try await stage.registry.state().generation
            let changes: [(HTTPRequest.Method, String, String?, String)] = [
                (.put, "/v1/locations/ams", "{}", "application/json"),
                (.put, "/v1/locations/tcn/pools/www-ip", #"{"addresses": ["198.51.100.40"]}"#, "application/json"),
                (.patch, "/v1/servers/app1", #"{"addresses": ["10.1.0.99"]}"#, "application/json"),
                (.put, "/v1/types/tg", Stage.tg.replacing("29999", with: "30000"), "application/yaml"),
                (.patch, "/v1/services/tg.1", #"{"state": "maint"}"#, "application/json"),
                (.post, "/v1/services", #"{"type": "tg", "server": "app3"}"#, "application/json"),
                (.delete, "/v1/services/tg.1", nil, "application/json"),
                (.post, "/v1/apply", #"{"prune": true}"#, "application/json"),
            ]
            for (method, path, body, type) in changes {
                let response = try await stage.send(method, path + "?dry_run=true", body, type: type)
                #expect(response.status == .ok)
                #expect(try response.report.changes.isEmpty == false)
                #expect(try response.report.export.isEmpty == (path == "/v1/locations/ams"))
            }
            #expect(try await stage.eventCount() == events)
            #expect(try await stage.registry.state().generation == before)
            #expect(try await stage.export().count == 8)
        }
    }
}
