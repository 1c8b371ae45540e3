import AdminAPI
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
import Versions

@testable import Admin

/// Asks every route for every answer it can be brought to, and holds each against `/openapi.json`.
@Suite("OpenAPI description and answers") struct OpenAPIAnswerTests {
    /// Those that HTTP itself has, or that are described as `content`.
    private static let ofHTTP: Set = ["content-type", "content-length", "date", "server", "connection"]

    @Test("every answer has a status, a media type and headers that are described, and nothing described is never seen")
    func everyRoute() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let survey = try await Survey(stage)
            for route in survey.routes { try await survey.askWhileWorking(route) }
            try await survey.askForContents()
            try await stage.registry.database.write { db in try db.execute(sql: "DROP TABLE registry") }
            for route in survey.routes { try await survey.ask(route, "no database") }
            let unseen = survey.described.subtracting(survey.seen)
            // Only a fault of ADMIN brings the first about, only time the second, and only a held answer the third, only a reader of a log
            // or a dump the rest (LogRouteTests, CrashRouteTests, NodeRouteTests).
            let names = ["cache-control", "etag", "im", "portcullis-places", "preference-applied", "vary"]
            let manipulated = names.map { "226 \($0)" } + ["226"]
            let logs = ["dumps", "logs", "report"].flatMap { ["200 portcullis-\($0)", "304 portcullis-\($0)"] }
            #expect(
                unseen == Set(["500", "500 cache-control", "408", "408 cache-control"] + manipulated + logs),
                "\(unseen.sorted())")
        }
    }

    /// What was asked, and what came of it.
    private final class Survey {
        let stage: Stage
        let routes: [Route]
        let document: JSONValue
        let tokens: [TokenRole: String]
        private(set) var seen: Set<String> = []
        /// `200`, and `200 etag` for its header.
        private(set) var described: Set<String> = []

        init(_ stage: Stage) async throws {
            self.stage = stage
            routes =
                RouteTable(
                    registry: stage.registry, gateways: stage.gateways, nodes: NodeRoster(registry: stage.registry),
                    rollouts: stage.rollouts, secretKey: stage.secretKey
                ).routes
            document = try JSONParser.parse(Array(buffer: try await stage.get("/openapi.json").body))
            try await stage.send(.put, "/v1/types/gone", Stage.tg.gone, type: "application/yaml")
            try await stage.send(.delete, "/v1/types/gone")
            try await stage.send(.put, "/v1/secrets/db-password", #"{"value": "plugh"}"#)
            try await stage.send(
                .put, "/v1/locations/tcn/egress/out", #"{"pool": "www-ip", "from": ["10.1.0.0/16"]}"#)
            _ = try await stage.get(
                "/v1/locations/tcn/services.csv", headers: [HTTPField.Name("Portcullis-Gateway")!: "gw1"])
            var tokens: [TokenRole: String] = [:]
            for role in TokenRole.allCases {
                tokens[role] = try await stage.registry.tokens.add(
                    name: "a-\(role.rawValue)", role: role, service: role == .service ? "pgw.1" : nil)
            }
            self.tokens = tokens
            try await Self.addVersion(to: stage)
            for route in routes { try describe(route) }
        }

        // MARK: Versions

        private static let content = "one"

        private static func addVersion(to stage: Stage) async throws {
            try await withTemporaryFolder { folder in
                let sample = try SampleVersion(VersionName(type: "pgw", name: "1.0"), [content], in: folder)
                let blob = sample.manifest.blobs[0]
                let bytes = ByteBuffer(bytes: try sample.compressed(blob))
                _ = try await stage.versions.receive(
                    blob, 0..<blob.compressedSize,
                    AsyncStream {
                        $0.yield(bytes); $0.finish()
                    }
                ) {}
                _ = try await stage.versions.add(
                    sample.manifest.version, manifest: sample.bytes, ManifestSignatures(), by: "ops", dryRun: false)
            }
        }

        /// Parts of a content, an upload that is discarded, and one for which there is no room.
        func askForContents() async throws {
            for route in routes where route.operation == "getBlob" {
                try await ask(route, "for a part", headers: [.range: "bytes=0-0"])
                try await ask(route, "for a part that is not there", headers: [.range: "bytes=1000000-"])
            }
            for (reserve, operation) in [(1 << 60, "uploadBlob"), (0, "uploadBlob"), (0, "discardUpload")] {
                stage.versions.reload(VersionKeeping(directory: "", reserve: reserve))
                for route in routes where route.operation == operation {
                    let digest = String(repeating: "0", count: 64)
                    try await ask(
                        route, "with a reserve of \(reserve)", path: "/v1/uploads/\(digest)",
                        query: operation == "uploadBlob" ? "?size=10&compressed=\(digest)" : "",
                        headers: [.contentRange: "bytes 0-1/10"])
                }
            }
        }

        /// All that does not need the database away.
        func askWhileWorking(_ route: Route) async throws {
            try await ask(route, "as it should be", query: route.isChange ? "?dry_run=true" : "")
            try await ask(route, "without a token", role: nil)
            try await ask(route, "with the token of a gateway", role: .gateway)
            try await ask(route, "with a query of its own", query: "?nonsense=1")
            try await ask(route, "for another media type", headers: [.accept: "text/html"])
            try await ask(route, "of names there are not", path: path(route, Self.absent))
            try await ask(
                route, "with another ETag", headers: [.ifMatch: "\"0\"", .ifNoneMatch: "\"0\"", .prefer: "wait=0"])
            try await ask(route, "with any ETag", headers: [.ifNoneMatch: "*", .prefer: "wait=0"])
            try await ask(route, "by another method", method: .trace)
            if route.query.contains(where: { $0.name == "limit" }) {
                try await ask(route, "by the page", query: "?limit=1", headers: [.ifNoneMatch: "\"0\""])
            }
            guard let body = route.body else { return }
            try await ask(route, "as a form", headers: [.contentType: "multipart/form-data"])
            try await ask(route, "compressed", headers: [.contentEncoding: "gzip"])
            try await ask(route, "with a body of no form", body: [0xFF])
            try await ask(route, "with a body of other members", body: Array("{\"x\": 1}".utf8))
            try await ask(route, "with too long a body", body: [UInt8](repeating: 0x20, count: body.limit + 1))
            try await ask(route, "for something new", path: path(route, Self.new), body: Self.body(route, Self.new))
        }

        func ask(
            _ route: Route, _ how: String, method: HTTPRequest.Method? = nil, path: String? = nil, query: String = "",
            role: TokenRole? = .admin, headers: HTTPFields = [:], body: [UInt8]? = nil
        ) async throws {
            var fields: HTTPFields = [:]
            if let media = route.body?.mediaType { fields[.contentType] = media }
            if let role { fields[.authorization] = tokens[role].map { "Bearer \($0)" } }
            for field in headers { fields[field.name] = field.value }
            let bytes = route.body == nil ? nil : body ?? Self.body(route, Self.present)
            let response = try await stage.client.execute(
                uri: (path ?? self.path(route, Self.present)) + query, method: method ?? route.method, headers: fields,
                body: bytes.map { ByteBuffer(bytes: $0) })
            check(response, of: route, how)
        }

        private func check(_ response: TestResponse, of route: Route, _ how: String) {
            let what = "\(route.method) \(route.path.pattern) \(how): \(response.status.code) \(response.headers)"
            let status = String(response.status.code)
            guard let answer = answer(of: route, status) else {
                Issue.record("\(what) is not described")
                return
            }
            seen.insert(status)
            let headers = Set(Self.names(answer["headers"]).map { $0.lowercased() })
            let names = Set(response.headers.map { $0.name.canonicalName }).subtracting(OpenAPIAnswerTests.ofHTTP)
            #expect(names.isSubset(of: headers), "\(what)")
            for name in names { seen.insert("\(status) \(name)") }
            let media = response.headers[.contentType].map { String($0.prefix { $0 != ";" }) }
            #expect(
                media.map { Self.names(answer["content"]).contains($0) } ?? (response.body.readableBytes == 0),
                "\(what)")
        }

        private func describe(_ route: Route) throws {
            let operation = document["paths"]?[route.path.pattern]?[route.method.rawValue.lowercased()]
            for status in Self.names(operation?["responses"]) {
                described.insert(status)
                for name in Self.names(answer(of: route, status)?["headers"]) {
                    described.insert("\(status) \(name.lowercased())")
                }
            }
        }

        /// What is said of a status, its reference followed.
        private func answer(of route: Route, _ status: String) -> JSONValue? {
            let operation = document["paths"]?[route.path.pattern]?[route.method.rawValue.lowercased()]
            let answer = operation?["responses"]?[status]
            guard case .string(let reference)? = answer?["$ref"] else { return answer }
            return reference.split(separator: "/").dropFirst().reduce(document as JSONValue?) { $0?[String($1)] }
        }

        private static func names(_ value: JSONValue?) -> [String] {
            guard case .object(let members)? = value else { return [] }
            return members.map(\.name)
        }

        // MARK: Names and bodies

        private static let present = [
            "location": "tcn", "pool": "www-ip", "server": "app1", "type": "pgw", "service": "pgw.1", "gateway": "gw1",
            "mark": "257", "secret": "db-password", "token": "a-read", "egress": "out", "version": "1.0",
            "job": "1-0123abcd", "rollout": "1",
            "fingerprint": CrashReport.sample(1).fingerprint, "crash": CrashReport.sample(1).id,
            "digest": ContentDigest(of: content.utf8).description,
        ]
        private static let absent = [
            "location": "nowhere", "pool": "none", "server": "none", "type": "none", "service": "none.1",
            "gateway": "none", "mark": "999", "secret": "none", "token": "none", "egress": "none", "version": "none",
            "job": "none", "rollout": "99",
            "fingerprint": "ffffffffffffffff", "crash": "none",
            "digest": String(repeating: "f", count: 64),
        ]
        private static let new = [
            "location": "hel", "pool": "new-ip", "server": "new", "type": "new", "service": "tg.3", "gateway": "gw1",
            "mark": "257", "secret": "new", "token": "new", "egress": "new", "version": "2.0", "job": "new",
            "rollout": "98",
            "fingerprint": "fffffffffffffffe", "crash": "new",
            "digest": String(repeating: "e", count: 64),
        ]

        private func path(_ route: Route, _ names: [String: String]) -> String {
            route.pathParameters.reduce(route.path.pattern) { $0.replacing("{\($1)}", with: names[$1] ?? "") }
        }

        private static func body(_ route: Route, _ names: [String: String]) -> [UInt8] {
            let isNew = names["server"] == "new"
            let text =
                switch route.operation {
                case "writeLocation": "{}"
                case "writePool": #"{"addresses": ["198.51.100.\#(isNew ? 77 : 36)"]}"#
                case "writeEgress": #"{"pool": "www-ip", "from": ["10.\#(isNew ? 2 : 1).0.0/16"]}"#
                case "writeServer": #"{"location": "tcn", "kind": "app", "addresses": ["10.1.0.\#(isNew ? 99 : 11)"]}"#
                case "writeType": isNew ? "type: new\n" : Stage.pgw
                case "createService": #"{"type": "tg", "server": "app3"}"#
                case "scaleType": #"{"count": 2}"#
                case "writeSecret": #"{"value": "xyzzy"}"#
                case "createToken": #"{"name": "\#(isNew ? "made" : "tried")", "role": "read"}"#
                case "createJob": #"{"kind": "restart"}"#
                case "createRollout": #"{"type": "pgw", "version": "1.0"}"#
                case "join": #"{"token": "portcullis_no", "server": "app1"}"#
                case "reportServer", "reportService": #"{"session": "a", "sequence": 2, "changes": {}}"#
                case "reportCrash":
                    String(
                        decoding: CrashReport.sample(isNew ? 2 : 1, service: isNew ? "tg.3" : "pgw.1").jsonBytes,
                        as: UTF8.self)
                case "deliverLogs": #"{"pieces": []}"#
                case "writeService": #"{"server": "\#(isNew ? "new" : "app1")"}"#
                default: "{}"
                }
            return Array(text.utf8)
        }
    }
}

extension String {
    /// The seed's `tg` under another name and on other ports.
    fileprivate var gone: String {
        replacing("type: tg", with: "type: gone").replacing("20000-29999", with: "5000-5001")
    }
}
