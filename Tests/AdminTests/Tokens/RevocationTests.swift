import AdminAPI
import Cloud
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Revoked is revoked") struct RevocationTests {
    /// Limits are for a machine that does other things meanwhile.
    private static let limit = Duration.seconds(40)

    private func etag(_ stage: Stage, _ path: String, _ secret: String) async throws -> String {
        try #require(try await stage.get(path, headers: [.authorization: "Bearer \(secret)"]).headers[.eTag])
    }

    /// Runs `body` while polls of both kinds are held, each with its token; returns how they were answered.
    private func answers(
        _ stage: Stage, _ body: () async throws -> Void
    ) async throws -> [Int] {
        let polls = [
            (ExportRouteTests.path, try await stage.registry.tokens.add(name: "gw1", role: .gateway)),
            (
                "/v1/services/pgw.1/config",
                try await stage.registry.tokens.add(name: "pgw1", role: .service, service: "pgw.1")
            ),
        ]
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for (path, secret) in polls {
                let tag = try await etag(stage, path, secret)
                group.addTask {
                    try await stage.withConnection { client in
                        try await client.poll(
                            path,
                            headers: [.authorization: "Bearer \(secret)", .ifNoneMatch: tag, .prefer: "wait=60"]
                        ).status.code
                    }
                }
            }
            for changes in [stage.registry.exportChanges, stage.registry.configurationChanges] {
                while await changes.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
            }
            try await body()
            var statuses: [Int] = []
            for try await status in group { statuses.append(status) }
            return statuses
        }
    }

    @Test("polls that are held end with a 401 when another process takes their tokens away")
    func byAnotherProcess() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            _ = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let other = try Registry(path: stage.registry.database.path)
            let start = ContinuousClock.now
            let answers = try await answers(stage) {
                for name in ["gw1", "pgw1"] { try await other.tokens.remove(name: name) }
            }
            #expect(answers == [401, 401] && .now - start < Self.limit)
        }
    }

    @Test("polls that are held end with a 401 when their tokens come to their end")
    func atTheEnd() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let ends = stage.clock.now().addingTimeInterval(2)
            let secret = try await stage.registry.tokens.add(name: "gw1", role: .gateway, expires: ends)
            let tag = try await etag(stage, ExportRouteTests.path, secret)
            let start = ContinuousClock.now
            async let answer = stage.withConnection { client in
                try await client.poll(
                    ExportRouteTests.path,
                    headers: [.authorization: "Bearer \(secret)", .ifNoneMatch: tag, .prefer: "wait=60"])
            }
            while await stage.registry.exportChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
            stage.clock.advance(by: 3)
            #expect(try await answer.status == .unauthorized && .now - start < Self.limit)
        }
    }

    @Test("a poll without a token ends when the first token shuts the API")
    func shutMeanwhile() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let tag = try #require(try await stage.get(ExportRouteTests.path).headers[.eTag])
            let start = ContinuousClock.now
            async let answer = stage.withConnection { client in
                try await client.poll(ExportRouteTests.path, headers: [.ifNoneMatch: tag, .prefer: "wait=60"])
            }
            while await stage.registry.exportChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
            _ = try await stage.registry.tokens.add(name: "ops", role: .admin)
            #expect(try await answer.status == .unauthorized && .now - start < Self.limit)
        }
    }

    @Test("a token that is newer than the last look at the tokens is held as long as it asks")
    func newer() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let other = try Registry(path: stage.registry.database.path)
            let secret = try await other.tokens.add(name: "gw1", role: .gateway)
            let start = ContinuousClock.now
            let tag = try await etag(stage, ExportRouteTests.path, secret)
            let answer = try await stage.get(
                ExportRouteTests.path,
                headers: [.authorization: "Bearer \(secret)", .ifNoneMatch: tag, .prefer: "wait=1"])
            #expect(answer.status == .notModified && .now - start >= .seconds(1))
        }
    }

    @Test("a change whose body comes after the token was taken away is not made")
    func slowBody() async throws {
        try await Stage.run(.live) { stage in
            let secret = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let connection = try RawConnection(port: stage.client.port ?? 0)
            try connection.send(
                "PUT /v1/locations/tcn HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(secret)\r\n"
                    + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{")
            while try await stage.registry.tokens.list().first?.lastUsedAt == nil {
                try await Task.sleep(for: .milliseconds(10))
            }
            try await stage.registry.tokens.remove(name: "ops")
            try connection.send("}")
            connection.finish()
            let answer = await connection.rest()
            #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(answer)")
            #expect(try await stage.registry.state().cloud.locations.isEmpty)
        }
    }
}
