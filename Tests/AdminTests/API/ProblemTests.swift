import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Registry
import Testing

@testable import Admin

@Suite("Errors of the API") struct ProblemTests {
    @Test("each fault of a body is named by its JSON pointer, all in one answer")
    func faults() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let cases: [(HTTPRequest.Method, String, String, [String])] = [
                (
                    .put, "/v1/servers/x", #"{"kind": "apps", "addresses": ["10.0.0.300", "10.0.0.1"], "colour": 1}"#,
                    ["#/colour", "#/location", "#/kind", "#/addresses/0"]
                ),
                (
                    .put, "/v1/servers/x", #"{"location": "nowhere", "kind": "app", "addresses": ["10.0.0.1"]}"#,
                    ["#/location"]
                ),
                (
                    .put, "/v1/servers/x",
                    #"{"location": "tcn", "kind": "app", "addresses": ["10.0.0.1", "10.0.0.2"]}"#,
                    ["#/addresses"]
                ),
                (
                    .put, "/v1/servers/x", #"{"location": "tcn", "kind": "app", "addresses": ["127.0.0.1"]}"#,
                    ["#/addresses/0"]
                ),
                (.put, "/v1/servers/x", #"{"location": "tcn", "kind": "app", "addresses": []}"#, ["#/addresses"]),
                (
                    .put, "/v1/servers/x",
                    #"{"name": "y", "location": "tcn", "kind": "app", "addresses": ["10.0.0.1"]}"#, ["#/name"]
                ),
                (
                    .put, "/v1/locations/tcn/pools/p", #"{"addresses": ["198.51.100.1", "198.51.100.1"]}"#,
                    ["#/addresses/1"]
                ),
                (
                    .put, "/v1/locations/tcn/pools/p", #"{"addresses": ["198.51.100.1", "::ffff:198.51.100.99"]}"#,
                    ["#/addresses/1"]
                ),
                (.put, "/v1/locations/tcn", #"{"description": "a\u0000b"}"#, ["#/description"]),
                (.put, "/v1/locations/tcn", #"{"a/b~c": 1}"#, ["#/a~1b~0c"]),
                (.put, "/v1/locations/TCN", "{}", ["{location}"]),
                (.put, "/v1/types/a.b", "type: a.b", ["{type}"]),
                (.put, "/v1/services/tg.01", #"{"server": "app1"}"#, ["{service}"]),
                (.put, "/v1/services/tg.3", #"{"server": "app9"}"#, ["#/server"]),
                (.put, "/v1/services/no.3", #"{"server": "app1"}"#, ["{service}"]),
                (.post, "/v1/services", #"{"type": "no", "server": "app1"}"#, ["#/type"]),
                (.patch, "/v1/services/tg.1", #"{"weight": 65536}"#, ["#/weight"]),
                (.patch, "/v1/services/tg.1", #"{"weight": 1.5}"#, ["#/weight"]),
                (.patch, "/v1/services/tg.1", #"{"state": null}"#, ["#/state"]),
                (.patch, "/v1/services/tg.1", "[]", ["#"]),
                (
                    .post, "/v1/apply", #"{"services": [{"name": "tg", "server": "app1"}, {"server": 1}]}"#,
                    ["#/services/0/name", "#/services/1/name", "#/services/1/server"]
                ),
                (.post, "/v1/apply", #"{"locations": [{"name": "a"}, {"name": "a"}]}"#, ["#/locations/1"]),
            ]
            for (method, path, body, pointers) in cases {
                let type = path.hasPrefix("/v1/types") ? "application/yaml" : "application/json"
                let response = try await stage.send(method, path, body, type: type)
                #expect(response.problem?.status == 422, "\(method) \(path) \(body): \(response.text)")
                #expect(response.problem?.errors.map(\.pointer) == pointers, "\(method) \(path) \(body)")
            }
        }
    }

    @Test("a body that is no JSON is refused with its place")
    func malformed() async throws {
        try await Stage.run { stage in
            for body in ["", "{", #"{"a": 1, "a": 2}"#, "{]", "nul", String(repeating: "[", count: 100_000)] {
                let response = try await stage.send(.put, "/v1/locations/tcn", body)
                #expect(response.problem?.status == 400)
                #expect(response.problem?.errors.first?.detail.hasPrefix("line 1, column ") == true)
            }
            let bytes = try await stage.client.execute(
                uri: "/v1/locations/tcn", method: .put, headers: [.contentType: "application/json"],
                body: ByteBuffer(bytes: [0x22, 0xFF, 0x22]))
            #expect(bytes.problem?.errors.first?.detail == "line 1, column 2: the text is not UTF-8")
            let second = try await stage.client.execute(
                uri: "/v1/locations/tcn", method: .put, headers: [.contentType: "application/json"],
                body: ByteBuffer(bytes: Array("{\n\"description\": \"é".utf8) + [0xC3, 0x28, 0x22, 0x7D]))
            #expect(second.problem?.errors.first?.detail == "line 2, column 19: the text is not UTF-8")
            let type = try await stage.client.execute(
                uri: "/v1/types/pgw", method: .put, headers: [.contentType: "application/yaml"],
                body: ByteBuffer(bytes: Array("type: pgw\n# ".utf8) + [0xFF]))
            #expect(type.problem?.errors == [.init(pointer: "pgw.yaml:2:3", detail: "not UTF-8 (byte 0xFF)")])
        }
    }

    @Test("a meta-configuration's faults are named by file, line and column")
    func metaConfiguration() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let response = try await stage.send(
                .put, "/v1/types/pgw", "type: pgw\ngateway:\n  - name: http\n    adress: www-ip\n",
                type: "application/yaml")
            #expect(response.status == .unprocessableContent)
            #expect(response.problem?.type == "urn:portcullis:problem:meta-configuration")
            #expect(response.problem?.errors.contains { $0.pointer == "pgw.yaml:4:5" } == true)
            let other = try await stage.send(.put, "/v1/types/pgw", Stage.tg, type: "application/yaml")
            #expect(other.problem?.errors.first?.detail.contains(#""tg", not "pgw""#) == true)
        }
    }

    @Test("a contradiction is refused with both sections named, and nothing is stored")
    func contradiction() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let generation = try await stage.registry.state().generation
            let thief = Stage.pgw.replacing("type: pgw", with: "type: thief").replacing("80: 8080, ", with: "")
            let response = try await stage.send(.put, "/v1/types/thief", thief, type: "application/yaml")
            #expect(response.problem?.status == 409)
            #expect(response.problem?.type == "urn:portcullis:problem:contradiction")
            let text = response.problem.map { "\($0)" } ?? ""
            #expect(text.contains("thief/http") && text.contains("pgw/http"))
            #expect(text.contains("thief.yaml:") || text.contains("pgw.yaml:"))
            #expect(try await stage.registry.state().generation == generation)
            let dry = try await stage.send(.put, "/v1/types/thief?dry_run=true", thief, type: "application/yaml")
            #expect(dry.problem?.status == 409)
            let pool = try await stage.send(.delete, "/v1/locations/tcn/pools/tg-ip")
            #expect(pool.problem?.status == 409)
            #expect(pool.text.contains("tg/devices"))
        }
    }

    @Test("a contradiction is told at the place of the request that brings it about")
    func contradictionPlaces() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let unique = "type: one\nunique: true\nrequires: {server: app}\n"
            try await stage.send(.put, "/v1/types/one", unique, type: "application/yaml")
            try await stage.send(.put, "/v1/services/one.1", #"{"server": "app1"}"#)
            try await stage.send(
                .put, "/v1/servers/db1", #"{"location": "tcn", "kind": "db", "addresses": ["10.1.0.21"]}"#)
            let server = #"{"location": "tcn", "kind": "app", "addresses": "#
            let section = "pgw.yaml:3:5"
            let cases: [(HTTPRequest.Method, String, String, String)] = [
                (.put, "/v1/servers/x", server + #"["fd00::1", "10.1.0.11"]}"#, "#/addresses/1"),
                (.patch, "/v1/servers/app2", #"{"addresses": ["10.1.0.11"]}"#, "#/addresses/0"),
                (.patch, "/v1/servers/app1", #"{"kind": "db"}"#, "#/kind"),
                (.put, "/v1/services/one.2", #"{"server": "app2"}"#, "{service}"),
                (.post, "/v1/services", #"{"type": "one", "server": "app2"}"#, "#/type"),
                (.patch, "/v1/services/one.1", #"{"server": "db1"}"#, "#/server"),
                (.post, "/v1/services", #"{"type": "pgw", "server": "app2"}"#, "#/server"),
                (.put, "/v1/services/pgw.3", #"{"server": "app2", "state": "drain"}"#, "#/server"),
                (.delete, "/v1/locations/tcn/pools/tg-ip", "", "{pool}"),
                (
                    .put, "/v1/locations/tcn/pools/www-ip", #"{"addresses": ["2001:db8::1", "198.51.100.36"]}"#,
                    "#/addresses"
                ),
                (
                    .post, "/v1/apply", #"{"services": [{"name": "one.1", "server": "db1"}]}"#,
                    "#/services/0/server"
                ),
                (
                    .post, "/v1/apply",
                    #"{"servers": [{"name": "x", "location": "tcn", "kind": "app", "addresses": ["10.1.0.11"]}]}"#,
                    "#/servers/0/addresses/0"
                ),
                (.post, "/v1/apply", #"{"services": [{"name": "pgw.1", "server": "app2"}]}"#, "#/services/0/server"),
            ]
            for (method, path, body, pointer) in cases {
                let response = try await stage.send(method, path, body.isEmpty ? nil : body)
                #expect(response.problem?.status == 409, "\(method) \(path) \(body): \(response.text)")
                #expect(
                    response.problem?.errors.first?.pointer == pointer, "\(method) \(path) \(body): \(response.text)")
            }
            // What is in a meta-configuration only is named there, and stays named where the request is to blame.
            let both = try await stage.send(.put, "/v1/services/pgw.3", #"{"server": "app2"}"#)
            #expect(both.problem?.errors.first?.detail.hasSuffix("(\(section))") == true)
            try await stage.send(.put, "/v1/services/tg.3", #"{"server": "db1"}"#)
            let kind = Stage.tg + "requires: {server: app}\n"
            let type = try await stage.send(.put, "/v1/types/tg", kind, type: "application/yaml")
            #expect(type.problem?.errors.first?.pointer == "tg.yaml:8:11")
            let patched = try await stage.send(.patch, "/v1/services/pgw.2", #"{"state": "maint"}"#)
            #expect(patched.status == .ok)
            try await stage.send(.put, "/v1/services/pgw.3", #"{"server": "app2"}"#)
            let back = try await stage.send(.patch, "/v1/services/pgw.2", #"{"state": "ready"}"#)
            #expect(back.problem?.errors.first?.pointer == "#/state")
        }
    }

    @Test("what others use is not deleted, and they are named")
    func inUse() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let location = try await stage.send(.delete, "/v1/locations/tcn")
            #expect(
                location.problem?.detail == "Location tcn still has pool tg-ip, pool www-ip, server app1 and 2 more.")
            #expect(location.problem?.type == "urn:portcullis:problem:in-use")
            let server = try await stage.send(.delete, "/v1/servers/app1")
            #expect(server.problem?.detail == "Server app1 still has service pgw.1, service tg.1.")
            #expect(server.status == .conflict)
            #expect(try await stage.send(.delete, "/v1/types/tg").problem?.status == 409)
        }
    }

    @Test("an unknown path, method, media type, query or answer format is a problem of its own")
    func protocolErrors() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            #expect(try await stage.get("/v2").problem?.status == 404)
            #expect(try await stage.get("/v1/servers/no%20such").problem?.status == 404)
            let method = try await stage.send(.delete, "/v1/servers")
            #expect(method.problem?.status == 405)
            #expect(method.headers[.allow] == "GET, HEAD")
            #expect(
                try await stage.send(.post, "/v1/servers/app1", "{}").headers[.allow] == "DELETE, GET, HEAD, PATCH, PUT"
            )
            #expect(try await stage.get("/v1/servers", headers: [.accept: "text/html"]).problem?.status == 406)
            let csv = try await stage.get("/v1/locations/tcn/services.csv", headers: [.accept: "application/json"])
            #expect(csv.problem?.status == 406)
            let form = try await stage.send(.put, "/v1/locations/x", "a=b", type: "application/x-www-form-urlencoded")
            #expect(form.problem?.status == 415)
            #expect(form.headers[.accept] == "application/json")
            #expect(
                try await stage.send(.put, "/v1/locations/x", "{}", type: "application/json; charset=latin1").problem?
                    .status == 415)
            for type in [#"application/json; a="; charset=latin1""#, #"Application/JSON ;Charset="UTF\-8""#] {
                let response = try await stage.send(.put, "/v1/locations/x?dry_run=true", "{}", type: type)
                #expect(response.problem == nil, "\(type)")
            }
            #expect(
                try await stage.send(.put, "/v1/locations/x", "{}", headers: [.contentEncoding: "gzip"]).problem?.status
                    == 415)
            for query in ["dryrun=true", "dry_run=1", "dry_run=true&dry_run=true", "%FF=1"] {
                let response = try await stage.send(.put, "/v1/locations/x?\(query)", "{}")
                #expect(response.problem?.status == 400, "\(query)")
            }
            #expect(try await stage.get("/v1/locations/x").status == .notFound)
        }
    }

    @Test("a body beyond the limit is a 413")
    func tooLarge() async throws {
        try await Stage.run { stage in
            let body = #"{"description": ""# + String(repeating: "a", count: 1 << 20) + #""}"#
            let response = try await stage.send(.put, "/v1/locations/x", body)
            #expect(response.problem?.status == 413)
        }
    }

    @Test("without a usable database a change and readyz are a 503 that says why")
    func unavailable() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try stage.registry.close()
            let change = try await stage.send(.put, "/v1/locations/x", "{}")
            #expect(change.problem?.status == 503)
            #expect(change.headers[.retryAfter] == "5")
            #expect(try await stage.get("/readyz").problem?.status == 503)
            #expect(try await stage.get("/healthz").status == .ok)
        }
    }
}
