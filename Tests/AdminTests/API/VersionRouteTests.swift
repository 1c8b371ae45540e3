import AdminAPI
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Names
import Registry
import RegistryTestSupport
import TestSupport
import Testing
import Versions

@testable import Admin

@Suite("Routes of versions") struct VersionRouteTests {
    /// Sends all of a content in one piece.
    private static func upload(_ sample: SampleVersion, to stage: Stage) async throws {
        for blob in sample.manifest.blobs {
            let bytes = try sample.compressed(blob)
            let answer = try await stage.client.execute(
                uri: "/v1/uploads/\(blob.digest)?size=\(blob.size)&compressed=\(blob.compressedDigest)", method: .put,
                headers: [
                    .contentType: MediaType.bytes,
                    .contentRange: ContentRange(0..<bytes.count, of: bytes.count).text,
                ], body: ByteBuffer(bytes: bytes))
            #expect(try answer.decoded(BlobUpload.self).isComplete)
        }
    }

    @discardableResult
    private static func put(_ sample: SampleVersion, _ stage: Stage, query: String = "") async throws -> TestResponse {
        let body = VersionCreation(manifest: String(decoding: sample.bytes, as: UTF8.self), signatures: [])
        let name = sample.manifest.version
        return try await stage.send(
            .put, "/v1/versions/\(name.type)/\(name.name)?variant=\(name.variant)\(query)",
            String(decoding: body.jsonBytes, as: UTF8.self))
    }

    @Test("a quarantined version is given to no service; one that has it keeps it")
    func quarantined() async throws {
        try await Stage.run { stage in
            try await withTemporaryFolder { folder in
                try await stage.seed()
                let sample = try SampleVersion(VersionName(type: "tg", name: "1.5.0"), ["one"], in: folder)
                try await Self.upload(sample, to: stage)
                try await Self.put(sample, stage)
                try await stage.send(.patch, "/v1/services/tg.1", #"{"version": "1.5.0"}"#)
                let mark = "/v1/versions/tg/1.5.0/mark"
                try await stage.send(.put, mark, #"{"mark": "quarantined", "reason": "it leaks"}"#)
                let apply = #"{"services": [{"name": "tg.2", "server": "app2", "version": "1.5.0"}]}"#
                for (method, path, body, pointer) in [
                    (HTTPRequest.Method.patch, "/v1/services/tg.2", #"{"version": "1.5.0"}"#, "#/version"),
                    (.patch, "/v1/services/tg.2", #"{"version": "sha256:\#(sample.digest)"}"#, "#/version"),
                    (.put, "/v1/services/tg.2", #"{"server": "app2", "version": "1.5.0"}"#, "#/version"),
                    (.post, "/v1/services", #"{"type": "tg", "server": "app3", "version": "1.5.0"}"#, "#/version"),
                    (.post, "/v1/apply", apply, "#/services/0/version"),
                ] {
                    let answer = try await stage.send(method, path, body)
                    #expect(answer.status == .unprocessableContent, "\(body)")
                    let fault = try #require(answer.problem?.errors.first)
                    #expect(fault.pointer == pointer)
                    #expect(fault.detail.contains("it leaks") && fault.detail.contains("versions mark tg 1.5.0 good"))
                }
                let kept = #"{"server": "app1", "version": "1.5.0", "weight": 3}"#
                #expect(try await stage.send(.put, "/v1/services/tg.1", kept).status == .ok)
                try await stage.send(.put, mark, #"{"mark": "good"}"#)
                #expect(
                    try await stage.send(.patch, "/v1/services/tg.2", #"{"version": "1.5.0"}"#).status == .ok)
            }
        }
    }

    @Test("services that ADMIN adds by itself do not get a quarantined version")
    func quarantinedSiblings() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            let scale = { @Sendable in try await stage.send(.post, "/v1/types/pgw/scale", #"{"count": 3}"#) }
            let quarantine = { @Sendable (type: String, version: String) in
                _ = try await stage.send(
                    .put, "/v1/versions/\(type)/\(version)/mark", #"{"mark": "quarantined", "reason": "it leaks"}"#)
            }
            try await quarantine("pgw", "1.0")
            let refused = try await scale()
            #expect(refused.status == .unprocessableContent)
            let fault = try #require(refused.problem?.errors.first)
            #expect(fault.pointer == "#/count" && fault.detail.contains("pgw 1.0 is quarantined: it leaks"))
            try await stage.send(.patch, "/v1/services/pgw.2", #"{"version": "2.0"}"#)
            let scaled = try await scale()
            #expect(scaled.status == .ok, "\(scaled.text)")
            let added = try await stage.read([ServiceResource].self, "/v1/services?type=pgw").filter { $0.index > 2 }
            #expect(added.count == 1 && added.allSatisfy { $0.version == .named("2.0", variant: nil) })

            try await stage.addVersion("1", of: "log")
            try await stage.send(
                .put, "/v1/types/log", "type: log\ninstances: each-server\n", type: "application/yaml")
            try await stage.send(.patch, "/v1/services/log.1", #"{"version": "1"}"#)
            try await quarantine("log", "1")
            let server = #"{"location": "tcn", "kind": "app", "addresses": ["10.1.0.99"]}"#
            let report = try await stage.send(.put, "/v1/servers/app99", server).report
            let name = try #require(report.changes.first { $0.kind == .service }?.name)
            #expect(report.warnings.contains { "\($0)".contains("\(name) has no version and is in maint") })
            let service = try await stage.read(ServiceResource.self, "/v1/services/\(name)")
            #expect(service.state == .maint && service.version == nil)
        }
    }

    @Test("a version is uploaded, added, read, marked and removed")
    func life() async throws {
        try await Stage.run { stage in
            try await withTemporaryFolder { folder in
                let sample = try SampleVersion(VersionName(type: "pgw", name: "1.5.0+a"), ["one", "two"], in: folder)
                let refused = try #require(try await Self.put(sample, stage).problem)
                #expect(refused.status == 409 && refused.type == "urn:portcullis:problem:missing-contents")
                #expect(refused.errors.count == 2)
                try await Self.upload(sample, to: stage)
                #expect(try await Self.put(sample, stage, query: "&dry_run=true").status == .ok)
                #expect(try await Self.put(sample, stage).status == .created)
                #expect(try await Self.put(sample, stage).report.changes.isEmpty)
                let path = "/v1/versions/pgw/1.5.0%2Ba"
                let version = try await stage.read(ServiceVersion.self, path)
                #expect(version.digest == sample.digest.description && version.files == 2 && version.mark == .untested)
                #expect(try await stage.read([ServiceVersion].self, "/v1/versions?type=pgw&mark=untested") == [version])
                #expect(try await stage.read([ServiceVersion].self, "/v1/versions?type=tg") == [])
                #expect(Array(buffer: try await stage.get("\(path)/manifest").body) == sample.bytes)
                let blob = sample.manifest.blobs[0]
                let content = try await stage.get("/v1/blobs/\(blob.digest)")
                #expect(Array(buffer: content.body) == (try sample.compressed(blob)))
                #expect(content.headers[.eTag] == "\"\(blob.compressedDigest)\"")
                let part = try await stage.get("/v1/blobs/\(blob.digest)", headers: [.range: "bytes=2-3"])
                #expect(part.status == .partialContent && part.body.readableBytes == 2)
                let mark = try await stage.send(.put, "\(path)/mark", #"{"mark": "quarantined"}"#)
                #expect(mark.status == .unprocessableContent)
                try await stage.send(.put, "\(path)/mark", #"{"mark": "good", "reason": "ran a week"}"#)
                #expect(try await stage.read(ServiceVersion.self, path).reason == "ran a week")
                let signature = String(repeating: "A", count: 86) + "=="
                try await stage.send(
                    .post, "\(path)/signatures", #"{"key": "0123456789abcdef", "signature": "\#(signature)"}"#)
                let signatures = try await stage.read(
                    VersionSignatures.self, "/v1/manifests/\(sample.digest)/signatures")
                #expect(signatures.signatures == [VersionSignature(key: "0123456789abcdef", signature: signature)])
                let verification = try await stage.send(.post, "\(path)/verification").decoded(VersionVerification.self)
                #expect(verification.blobs == 2 && verification.faults.isEmpty)
                #expect(try await stage.send(.delete, path).report.changes.first?.action == .delete)
                #expect(try await stage.get(path).status == .notFound)
                #expect(try await stage.get("/v1/manifests/\(sample.digest)").status == .notFound)
                #expect(
                    try await stage.send(.post, "/v1/versions/collection").decoded(CollectionReport.self).blobs == 0)
            }
        }
    }

    @Test("names are listed as people count")
    func order() async throws {
        try await Stage.run { stage in
            try await withTemporaryFolder { folder in
                for name in ["1.10.0", "1.9.0", "1.9.0-rc1", "2", "1.09.0"] {
                    let sample = try SampleVersion(VersionName(type: "pgw", name: name), ["one"], in: folder)
                    try await Self.upload(sample, to: stage)
                    #expect(try await Self.put(sample, stage).status == .created)
                }
                let listed = try await stage.read([ServiceVersion].self, "/v1/versions").map(\.name)
                #expect(listed == ["1.09.0", "1.9.0", "1.9.0-rc1", "1.10.0", "2"])
                let page = try await stage.get("/v1/versions?limit=2&sort=-name")
                #expect(try page.decoded([ServiceVersion].self).map(\.name) == ["2", "1.10.0"])
                #expect(page.headers[.link] != nil)
            }
        }
    }

    @Test(
        "what cannot be is refused, with its place",
        arguments: [
            ("/v1/versions/PGW/1", "{type}"), ("/v1/versions/pgw/-", "{version}"),
            ("/v1/versions/pgw/1?variant=A", "?variant"), ("/v1/blobs/0", "{digest}"), ("/v1/manifests/0", "{digest}"),
            ("/v1/uploads/0", "{digest}"),
        ])
    func faults(path: String, pointer: String) async throws {
        try await Stage.run { stage in
            let problem = try await stage.get(path).problem
            #expect(problem?.status == 422 && problem?.errors.map(\.pointer) == [pointer])
        }
    }

    @Test("a piece that is not described is refused with all that is missing")
    func piece() async throws {
        try await Stage.run { stage in
            let digest = String(repeating: "0", count: 64)
            let answer = try await stage.send(.put, "/v1/uploads/\(digest)", "x", type: MediaType.bytes)
            #expect(answer.problem?.errors.map(\.pointer) == ["?size", "?compressed", "Content-Range"])
            let other = try await stage.send(
                .put, "/v1/uploads/\(digest)?size=10&compressed=\(digest)", "x",
                headers: [.contentType: "application/json", .contentRange: "bytes 0-0/10"])
            #expect(other.status == .unsupportedMediaType)
        }
    }
}
