import AdminAPI
import Cloud
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import NIOCore
import Registry
import RegistryTestSupport
import TestSupport
import Testing

@testable import Admin

@Suite("Configurations over HTTP") struct ConfigurationRouteTests {
    @Test("JSON and YAML say the same, each with an ETag of its own that makes a 304")
    func forms() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            var tags: Set<String> = []
            for accept in ["application/json", "application/yaml"] {
                let response = try await stage.get(Stage.configPath("tg.1"), headers: [.accept: accept])
                #expect(response.headers[.contentType] == accept)
                let tag = try #require(response.headers[.eTag])
                tags.insert(tag)
                let again = try await stage.get(
                    Stage.configPath("tg.1"), headers: [.accept: accept, .ifNoneMatch: tag])
                #expect(again.status == .notModified && again.headers[.eTag] == tag)
            }
            #expect(tags.count == 2)
            let json = try JSONParser.parse(Array(buffer: try await stage.get(Stage.configPath("tg.1")).body))
            #expect(json["index"] == 1 && json["channels"]?["idle-timeout"] == 600)
            #expect(try await stage.get(Stage.configPath("tg.9")).problem?.status == 404)
            #expect(
                try await stage.get(Stage.configPath("tg.1"), headers: [.accept: "text/html"]).problem?.status == 406)
            #expect(try await stage.get(Stage.configPath("tg.1") + "?explain=yes").problem?.status == 400)
        }
    }

    @Test("a change gives another ETag to the services it touches and to no other; a comment to none")
    func tags() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            let names = ["logger.1", "mdb.1", "mdb.2", "mdb.3", "mdbctl.1", "pgw.1", "tg.1", "tgctl.1"]
            func changed(by change: () async throws -> TestResponse) async throws -> [String] {
                var before: [String: String] = [:]
                for name in names { before[name] = try await stage.tag(name) }
                let response = try await change()
                #expect(response.status.kind == .successful, "\(response.text)")
                var changed: [String] = []
                for name in names where try await stage.tag(name) != before[name] { changed.append(name) }
                return changed
            }
            let pgw = try Fixtures.text("types/pgw.yaml")
            #expect(try await changed { try await stage.putType("pgw", "# comment\n" + pgw) } == [])
            #expect(
                try await changed {
                    try await stage.putType("pgw", pgw.replacing("port: 8080}\n", with: "port: 8090}\n"))
                }
                    == ["pgw.1"])
            #expect(
                try await changed { try await stage.send(.patch, "/v1/services/mdb.1", #"{"state": "drain"}"#) } == [])
            let server = #"{"addresses": ["10.1.0.99", "fd00:1::99"]}"#
            #expect(
                try await changed { try await stage.send(.patch, "/v1/servers/db1", server) }
                    == ["mdb.1", "mdb.2", "mdbctl.1"])
            #expect(
                try await changed { try await stage.send(.post, "/v1/services", #"{"type": "tg", "server": "app1"}"#) }
                    == ["tgctl.1"])
        }
    }

    @Test("a held poll is answered when its service's configuration differs, and not by another's")
    func longPoll() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seedStory()
            let tag = try await stage.tag("pgw.1")
            async let held = stage.withConnection { client in
                try await client.poll(
                    Stage.configPath("pgw.1"), headers: [.ifNoneMatch: tag, .prefer: "wait=60"])
            }
            while await stage.registry.configurationChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
            let mdb = try Fixtures.text("types/mdb.yaml").replacing("cache: 8 GiB", with: "cache: 4 GiB")
            _ = try await stage.putType("mdb", mdb)
            _ = try await stage.putType("pgw", "# comment\n" + Fixtures.text("types/pgw.yaml"))
            #expect(await stage.registry.configurationChanges.waiting == 1)
            try await stage.send(.delete, "/v1/services/logger.1")
            let response = try await held
            #expect(response.status == .ok && response.headers[.eTag] != tag)
            #expect(response.headers[.preferenceApplied] == "wait=60")
            #expect(!String(buffer: response.body ?? ByteBuffer()).contains("remote"))
            #expect(await stage.registry.configurationChanges.waiting == 0)
        }
    }

    @Test("a poll that is held is a 304 when its time is over, and told when its service is gone")
    func ends() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seedStory()
            let tag = try await stage.tag("tg.1")
            let headers: HTTPFields = [.ifNoneMatch: tag, .prefer: "wait=1"]
            let late = try await stage.withConnection { client in
                try await client.poll(Stage.configPath("tg.1"), headers: headers)
            }
            #expect(late.status == .notModified)
            async let held = stage.withConnection { client in
                try await client.poll(
                    Stage.configPath("mdbctl.1"),
                    headers: [.ifNoneMatch: "*", .prefer: "wait=60"])
            }
            while await stage.registry.configurationChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
            try await stage.send(.delete, "/v1/services/mdbctl.1")
            #expect(try await held.status == .notFound)
        }
    }

    @Test("only what a change touches is merged and put together again")
    func builds() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            /// What was merged, and the services whose configurations were put together, from a state to the present.
            func reach(from before: RegistryState) async throws -> (templates: Set<String>, services: [String]) {
                let after = try await stage.registry.state()
                let impact = ConfigurationImpact(
                    CloudDifference(from: before.cloud, to: after.cloud), from: before.cloud, to: after.cloud)
                let services = after.configurations.services(affectedBy: impact, in: after.cloud)
                return (impact.templates, services.map(\.name).sorted())
            }
            let start = try await stage.registry.state()
            for _ in 0..<20 { _ = try await stage.tag("pgw.1") }
            #expect(try await stage.registry.state().commit == start.commit)
            try await stage.send(.patch, "/v1/services/pgw.1", #"{"weight": 7}"#)
            #expect(try await reach(from: start) == ([], []))
            _ = try await stage.putType("mdb", "# comment\n" + Fixtures.text("types/mdb.yaml"))
            #expect(try await reach(from: start) == (["mdb"], ["mdb.1", "mdb.2", "mdb.3"]))
        }
    }

    @Test("a configuration that cannot be combined is refused at the write, at the place in the file that is written")
    func refused() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            let mdb = try Fixtures.text("types/mdb.yaml").replacing("workers: 1 ", with: "logging: none ")
            let response = try await stage.putType("mdb", mdb)
            #expect(response.problem?.status == 409)
            let fault = try #require(response.problem?.errors.first)
            #expect(fault.pointer == "mdb.yaml:16:16")
            #expect(
                fault.detail
                    == "\"logging\" is text here, but a mapping at default.yaml:12:9 "
                    + "(in the configuration of mdb.1 and 2 more)")
            // From the other side the same is told at the other file.
            _ = try await stage.putType(
                "mdb", Fixtures.text("types/mdb.yaml").replacing("cache: 8 GiB", with: "log: 1"))
            let other = try await stage.putType(
                "default", Fixtures.text("types/default.yaml").replacing("workers: 1", with: "storage: [a]"))
            #expect(other.problem?.errors.first?.pointer == "default.yaml:10:16")
        }
    }

    @Test(
        "what does not combine from before ADMIN combined any is told with its reasons, and is in the way of nothing else"
    )
    func old() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            let source = "type: old\nconfig:\n  - sort-order: 1\n    values: {listen: [a]}\n"
            try await stage.registry.database.write { db in
                try db.execute(
                    sql:
                        "INSERT INTO typeRevision (type, revision, source, changedBy, changedAt) VALUES ('old', 1, ?, 'ops', '2026-11-23T01:00:00.000Z')",
                    arguments: [source])
                try db.execute(
                    sql: """
                        INSERT INTO type VALUES ('old', 1);
                        INSERT INTO service (type, number, server, state) VALUES ('old', 1, 'app1', 'ready');
                        UPDATE registry SET generation = generation + 1
                        """)
            }
            let broken = try await stage.get(Stage.configPath("old.1"))
            #expect(broken.problem?.status == 409)
            #expect(
                broken.problem?.errors == [
                    .init(pointer: "old.yaml:4:22", detail: "\"listen\" is a list here, but text at default.yaml:9:15")
                ])
            #expect(try await stage.get(Stage.configPath("mdb.1")).status == .ok)
            #expect(try await stage.send(.patch, "/v1/services/old.1", #"{"state": "drain"}"#).status == .ok)
            #expect(try await stage.send(.patch, "/v1/services/old.1", #"{"server": "app2"}"#).status == .ok)
            #expect(try await stage.putType("old", "type: old\n").status == .ok)
            #expect(try await stage.get(Stage.configPath("old.1")).status == .ok)
            #expect(try await stage.putType("old", source).problem?.status == 409)
        }
    }

    @Test("a service whose variables have no value is refused where the request places it")
    func placement() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            try await stage.send(.put, "/v1/locations/ams", "{}")
            try await stage.send(
                .put, "/v1/servers/ams1", #"{"location": "ams", "kind": "app", "addresses": ["10.9.0.1"]}"#)
            let source = "type: new\nconfig:\n  - sort-order: 1\n    values:\n      at: ${location.www-ip}\n"
            #expect(try await stage.putType("new", source).status == .created)
            let refused = try await stage.send(.post, "/v1/services", #"{"type": "new", "server": "ams1"}"#)
            #expect(
                refused.problem?.errors == [
                    .init(
                        pointer: "#/server",
                        detail: "\"${location.www-ip}\": the location ams has no pool \"www-ip\" "
                            + "(in the configuration of new.1) (new.yaml:5:11)")
                ])
            #expect(
                try await stage.send(.post, "/v1/services", #"{"type": "new", "server": "app1"}"#).status == .created)
            let move = try await stage.send(.patch, "/v1/services/new.1", #"{"server": "ams1"}"#)
            #expect(move.problem?.errors.map(\.pointer) == ["#/server"])
            let pool = try await stage.send(.delete, "/v1/locations/tcn/pools/www-ip")
            #expect(pool.problem?.status == 409)
        }
    }
}
