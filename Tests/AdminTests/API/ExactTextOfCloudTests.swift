import AdminAPI
import Cloud
import GRDB
import Hummingbird
import HummingbirdTesting
import JSON
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

/// Texts that Swift's strings take for equal are different ones to whoever reads them.
@Suite("Text is bytes") struct ExactTextOfCloudTests {
    private static let composed = "\u{E9}"
    private static let decomposed = "e\u{301}"

    @Test("a secret in another Unicode form is another secret")
    func secrets() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.put, "/v1/secrets/a", #"{"value": "pass\#(Self.composed)"}"#)
            _ = try await stage.putType("pgw", "type: pgw\nconfig: [{sort-order: 1, values: {p: !secret a}}]\n")
            let tag = try await stage.tag("pgw.1")
            let report = try await stage.send(.put, "/v1/secrets/a", #"{"value": "pass\#(Self.decomposed)"}"#).report
            #expect(
                report.changes == [
                    .init(action: .update, kind: .secret, name: "a", before: "revision 1", after: "revision 2")
                ])
            #expect(report.configurations.map(\.services) == [["pgw.1", "pgw.2"]])
            #expect(try await stage.tag("pgw.1") != tag)
            let token = try await stage.registry.tokens.add(name: "p", role: .service, service: "pgw.1")
            let own = try await stage.get(Stage.configPath("pgw.1"), headers: [.authorization: "Bearer \(token)"])
            #expect(Array(own.text.utf8) == Array(#"{"p":"pass\#(Self.decomposed)"}"#.utf8))
        }
    }

    @Test("so is a type's file, a value of it, a key of it, and a location's description")
    func types() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            func source(_ key: String, _ value: String, _ comment: String = "") -> String {
                "# \(comment)\ntype: pgw\nconfig: [{sort-order: 1, values: {\(key): \(value)}}]\n"
            }
            _ = try await stage.putType("pgw", source("name", Self.composed))
            let value = try await stage.putType("pgw", source("name", Self.decomposed)).report
            #expect(value.changes.map(\.name) == ["pgw"] && value.changes.map(\.action) == [.update])
            #expect(
                value.configurations.first?.lines.first.map { Array(($0.after ?? "").utf8) }
                    == Array("\"\(Self.decomposed)\"".utf8))
            let comment = try await stage.putType("pgw", source("name", Self.decomposed, Self.composed)).report
            #expect(comment.changes.count == 1 && comment.configurations.isEmpty)
            _ = try await stage.putType("pgw", source(Self.composed, "1"))
            let key = try await stage.putType("pgw", source(Self.decomposed, "1")).report
            #expect(key.configurations.first?.lines.count == 2)

            _ = try await stage.send(.put, "/v1/locations/tcn", #"{"description": "\#(Self.composed)"}"#)
            let location = try await stage.send(.put, "/v1/locations/tcn", #"{"description": "\#(Self.decomposed)"}"#)
            let change = try #require(try location.report.changes.first)
            #expect(Array((change.before ?? "").utf8) == Array(Self.composed.utf8))
            #expect(Array((change.after ?? "").utf8) == Array(Self.decomposed.utf8))
        }
    }

    @Test("keys of two files in two forms are two keys, and a reference finds its own")
    func keys() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let block = { (key: String, value: String) in
                "{sort-order: 1, for: pgw, values: {\(key): \(value)}}"
            }
            _ = try await stage.putType("tg", "type: tg\nconfig: [\(block(Self.composed, "1"))]\n")
            let put = try await stage.putType("pgw", "type: pgw\nconfig: [\(block(Self.decomposed, "two"))]\n")
            #expect(put.status == .ok, "\(put.text)")
            #expect(
                Array(try await stage.get(Stage.configPath("pgw.1")).text.utf8)
                    == Array(#"{"\#(Self.decomposed)":"two","\#(Self.composed)":1}"#.utf8))
        }
    }

    @Test("names of a JSON object in two forms are two names")
    func json() throws {
        let value = try JSONParser.parse(Array(#"{"\#(Self.composed)":1,"\#(Self.decomposed)":2}"#.utf8))
        #expect(value[Self.decomposed] == .integer(2) && value[Self.composed] == .integer(1))
        #expect(JSONValue.string("K") != .string("\u{212A}"))
    }

    @Test("a type stored by a version that took more can still be read, and is refused when it is written anew")
    func stored() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let source = "type: old\ninstall: {mkdir: [~root/x]}\nconfig: [{sort-order: 1, values: {<<: 0644}}]\n"
            let put = try await stage.putType("old", source)
            #expect(put.problem?.errors.first?.pointer == "old.yaml:3:39", "\(put.text)")
            try await stage.registry.database.write { db in
                try db.execute(
                    sql:
                        "INSERT INTO typeRevision (type, revision, source, changedBy, changedAt) VALUES ('old', 1, ?, 'a', 't')",
                    arguments: [source])
                try db.execute(sql: "INSERT INTO type (name, revision) VALUES ('old', 1)")
                try db.execute(sql: "UPDATE registry SET generation = generation + 1")
            }
            #expect(try await stage.registry.state().cloud.types["old"]?.source == source)
            #expect(
                try await stage.send(.post, "/v1/services", #"{"type": "old", "server": "app1"}"#).status == .created)
            #expect(try await stage.get(Stage.configPath("old.1")).text == #"{"<<":644}"#)
            #expect(try await stage.yaml("old.1") == "\"<<\": 644\n")
        }
    }
}
