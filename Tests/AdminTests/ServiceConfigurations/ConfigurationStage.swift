import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Names

@testable import Admin

extension Stage {
    /// Stores the seed's story: its types, two locations, a node of each kind.
    func seedStory() async throws {
        let names = ["default", "logger", "mdb", "mdbctl", "pgw", "tg", "tgctl", "tgstm"]
        let types = try names.map { ApplyRequest.ServiceType(name: $0, source: try Fixtures.text("types/\($0).yaml")) }
        func server(_ name: String, _ kind: ServerKind, _ number: Int) -> ServerResource {
            ServerResource(
                name: name, location: name.hasPrefix("hel") ? "hel" : "tcn", kind: kind,
                addresses: name.hasPrefix("hel") ? ["fd00:2::\(number)"] : ["10.1.0.\(number)", "fd00:1::\(number)"])
        }
        let request = ApplyRequest(
            locations: [LocationResource(name: "tcn"), LocationResource(name: "hel")],
            pools: ["tcn", "hel"].enumerated().flatMap { number, location in
                ["www-ip", "tg-ip"].enumerated().map { pool, name in
                    PoolResource(location: location, name: name, addresses: ["2001:db8:\(number)::\(pool + 1)"])
                }
            },
            servers: [
                server("app1", .app, 11), server("app2", .app, 12), server("db1", .db, 21),
                server("archive1", .archive, 31), server("hel-db1", .db, 21),
            ],
            types: types,
            services: [
                "logger.1": "archive1", "mdb.1": "db1", "mdb.2": "db1", "mdb.3": "hel-db1", "mdbctl.1": "app1",
                "pgw.1": "app1", "tg.1": "app2", "tgctl.1": "app2",
            ].sorted { $0.key < $1.key }.map { .init(name: $0.key, server: $0.value) })
        let response = try await send(.post, "/v1/apply", String(decoding: request.jsonBytes, as: UTF8.self))
        guard response.status == .ok else { throw StageError(response.text) }
    }

    static func configPath(_ service: String) -> String { "/v1/services/\(service)/config" }

    /// A service's configuration as YAML.
    func yaml(_ service: String) async throws -> String {
        try await get(Self.configPath(service), headers: [.accept: "application/yaml"]).text
    }

    func tag(_ service: String) async throws -> String {
        try await get(Self.configPath(service)).headers[.eTag] ?? ""
    }

    func putType(_ name: String, _ source: String, dryRun: Bool = false) async throws -> TestResponse {
        try await send(
            .put, "/v1/types/\(name)\(dryRun ? "?dry_run=true" : "")", source, type: "application/yaml")
    }
}
