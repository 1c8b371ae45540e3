import AdminAPI
import Cloud
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Registry
import RegistryTestSupport
import ServiceSupport
import Synchronization
import Testing

@testable import Admin

@Suite("Secrets") struct SecretTests {
    private static let value = "correct horse battery staple"
    private static let type = """
        type: vault
        require-index: true
        config:
          - sort-order: 100
            values:
              database:
                password: !secret db-password

        """

    /// A service whose configuration has a secret.
    private func seed(_ stage: Stage, headers: HTTPFields = [:]) async throws {
        try await stage.seed()
        let put = try await stage.send(
            .put, "/v1/secrets/db-password", #"{"value": "\#(Self.value)"}"#, headers: headers)
        guard put.status == .created else { throw StageError(put.text) }
        _ = try await stage.putType("vault", Self.type)
        for server in ["app1", "app2"] {
            try await stage.send(.post, "/v1/services", #"{"type": "vault", "server": "\#(server)"}"#)
        }
    }

    @Test("the value comes out to the service's own token, and nowhere else")
    func shownToItself() async throws {
        let lines = LogLines()
        try await Stage.run(logger: lines.logger) { stage in
            try await seed(stage)
            let types = try await stage.putType(
                "vault", Self.type.replacing("database:", with: "store:"), dryRun: true
            ).text
            #expect(types.contains(#"{\"!secret\":\"db-password\"}"#))
            let own = try await stage.registry.tokens.add(name: "v1", role: .service, service: "vault.1")
            let admin = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let reader = try await stage.registry.tokens.add(name: "reader", role: .read)
            var seen = types
            for token in [admin, reader] {
                let headers: HTTPFields = [.authorization: "Bearer \(token)"]
                for path in [
                    "/v1/secrets", "/v1/events?limit=1000", "/v1/types/vault", Stage.configPath("vault.1"),
                    Stage.configPath("vault.1") + "?explain=true",
                ] {
                    let response = try await stage.get(path, headers: headers)
                    #expect(response.status == .ok)
                    seen += response.text
                }
            }
            let headers: HTTPFields = [.authorization: "Bearer \(own)"]
            seen += try await stage.get(Stage.configPath("vault.1") + "?explain=true", headers: headers).text
            #expect(!seen.contains(Self.value))
            #expect(seen.contains(#"{"!secret":"db-password"}"#))
            let response = try await stage.get(Stage.configPath("vault.1"), headers: headers)
            #expect(response.text == #"{"database":{"password":"\#(Self.value)"}}"#)
            #expect(response.headers[.cacheControl] == "no-store")
            let yaml = try await stage.get(
                Stage.configPath("vault.1"), headers: [.authorization: "Bearer \(own)", .accept: "application/yaml"])
            #expect(yaml.text == "database:\n  password: \(Self.value)\n")
        }
        #expect(!lines.text.contains(Self.value))
    }

    @Test("a service's token reads its own configuration and orders and nothing else, whatever it is asked for")
    func ownOnly() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            let token = try await stage.registry.tokens.add(name: "v1", role: .service, service: "vault.1")
            let headers: HTTPFields = [.authorization: "Bearer \(token)"]
            for route in RouteTable(
                registry: stage.registry, gateways: stage.gateways, nodes: NodeRoster(registry: stage.registry),
                rollouts: stage.rollouts
            ).routes {
                if case .open = route.access { continue }
                for service in ["vault.1", "vault.2", "pgw.1", "none.1"] {
                    let path = route.pathParameters.reduce(route.path.pattern) { path, name in
                        path.replacing("{\(name)}", with: name == "service" ? service : "pgw")
                    }
                    let response = try await stage.client.execute(uri: path, method: route.method, headers: headers)
                    let isOwn =
                        ["readConfiguration", "readOrders"].contains(route.operation) && service == "vault.1"
                    #expect(response.status == (isOwn ? .ok : .forbidden), "\(route.operation) of \(service)")
                }
            }
            let other = try await stage.get(Stage.configPath("vault.2"), headers: headers)
            #expect(other.problem?.detail.contains("Token v1 is of the service vault.1") == true)
            #expect(other.headers[.wwwAuthenticate]?.contains("insufficient_scope") == true)
        }
    }

    @Test("a new value gives another ETag and wakes the services that use it; the same value does nothing")
    func rotation() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            let (tag, other) = (try await stage.tag("vault.1"), try await stage.tag("pgw.1"))
            let same = try await stage.send(.put, "/v1/secrets/db-password", #"{"value": "\#(Self.value)"}"#)
            #expect(try same.report.changes.isEmpty)
            #expect(try await stage.tag("vault.1") == tag)
            let new = try await stage.send(.put, "/v1/secrets/db-password", #"{"value": "another"}"#)
            #expect(
                try new.report.changes == [
                    .init(
                        action: .update, kind: .secret, name: "db-password", before: "revision 1",
                        after: "revision 2")
                ])
            #expect(try new.report.configurations.first?.services == ["vault.1", "vault.2"])
            #expect(
                try new.report.configurations.first?.lines.first?.after
                    == #"{"!secret":"db-password"} revision 2"#)
            #expect(try await stage.tag("vault.1") != tag)
            #expect(try await stage.tag("pgw.1") == other)
            #expect(try await stage.read([SecretResource].self, "/v1/secrets").map(\.revision) == [2])
        }
    }

    @Test("a secret that is not there is refused in a file, one that a file needs is not deleted")
    func references() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            let missing = try await stage.putType("vault", Self.type.replacing("db-password", with: "typo"))
            #expect(missing.problem?.errors.first?.pointer == "vault.yaml:7:19")
            #expect(missing.problem?.errors.first?.detail.hasPrefix("there is no secret \"typo\"") == true)
            let delete = try await stage.send(.delete, "/v1/secrets/db-password")
            #expect(delete.problem?.type == "urn:portcullis:problem:in-use")
            _ = try await stage.putType("vault", "type: vault\n")
            #expect(try await stage.send(.delete, "/v1/secrets/db-password").status == .ok)
            #expect(try await stage.send(.delete, "/v1/secrets/db-password").status == .notFound)
        }
    }

    @Test("a secret that was deleted and came back with another value gives another ETag")
    func cameBack() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            let tag = try await stage.tag("vault.1")
            _ = try await stage.putType("vault", "type: vault\n")
            try await stage.send(.delete, "/v1/secrets/db-password")
            try await stage.send(.put, "/v1/secrets/db-password", #"{"value": "another"}"#)
            _ = try await stage.putType("vault", Self.type)
            #expect(try await stage.read([SecretResource].self, "/v1/secrets").map(\.revision) == [1])
            #expect(try await stage.tag("vault.1") != tag)
        }
    }

    @Test("faults of a value are told without it")
    func faults() async throws {
        try await Stage.run { stage in
            for (name, body, pointer) in [
                ("Bad", #"{"value": "x"}"#, "{secret}"), ("a", #"{"value": ""}"#, "#/value"),
                ("a", "{}", "#"), ("a", #"{"base64": "x"}"#, "#/base64"), ("a", #"{"value": 5}"#, "#/value"),
                ("a", #"{"value": "\#(String(repeating: "x", count: 65_537))"}"#, "#/value"),
            ] {
                let response = try await stage.send(.put, "/v1/secrets/\(name)", body)
                #expect(response.problem?.errors.map(\.pointer) == [pointer])
            }
        }
    }

    @Test("what is stored is sealed, bound to its name and revision, and does not open with another key")
    func sealed() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            let rows = try await stage.registry.database.read { db in
                try Data.fetchAll(db, sql: "SELECT sealed FROM secret")
            }
            #expect(rows.count == 1 && rows[0].range(of: Data(Self.value.utf8)) == nil)
            let secret = try #require(try await stage.registry.state().cloud.secrets["db-password"])
            let key = try #require(stage.secretKey)
            #expect(key.open(secret) == Array(Self.value.utf8))
            for (name, revision) in [("other", 1), ("db-password", 2)] {
                let moved = SealedSecret(
                    name: name, revision: revision, sealed: secret.sealed, stamp: secret.stamp, changedBy: "",
                    changedAt: "")
                #expect(key.open(moved) == nil)
            }
            let other = SecretKey([UInt8](repeating: 8, count: SecretKey.size))
            #expect(other?.open(secret) == nil)
            await #expect(throws: SettingsError.self) { try await stage.registry.checkSecrets(other) }
            await #expect(throws: SettingsError.self) { try await stage.registry.checkSecrets(nil) }
            try await stage.registry.checkSecrets(key)
        }
    }

    @Test("a token of role service names its service, one of another role has none")
    func tokens() async throws {
        try await Stage.run { stage in
            for (role, service) in [(TokenRole.service, nil), (.admin, "tg.1"), (.service, "tg"), (.service, "tg.0")] {
                await #expect(throws: ChangeError.self) {
                    _ = try await stage.registry.tokens.add(name: "t", role: role, service: service)
                }
            }
            _ = try await stage.registry.tokens.add(name: "t", role: .service, service: "tg.1")
            #expect(try await stage.registry.tokens.list().map(\.service) == ["tg.1"])
            try await stage.registry.tokens.remove(name: "t")
            let events = try await stage.read(EventPage.self, "/v1/events").events.suffix(2)
            #expect(events.map(\.after) == ["role service of tg.1", nil])
        }
    }
}

/// Keeps what is logged, whatever its level.
private final class LogLines: Sendable {
    private let lines = Mutex("")

    var text: String { lines.withLock { $0 } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0 += "\(event.message) \(event.metadata ?? [:]) \(metadata)\n" }
        }
    }
}
