import AdminAPI
import GRDB
import HTTPTypes
import HummingbirdTesting
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Readiness") struct ReadinessTests {
    @Test("readiness is the database's that can be read and written")
    func ready() async throws {
        try await Stage.run { stage in
            #expect(try await stage.get("/readyz").status == .ok)
            func set(_ isReadOnly: Bool) async throws {
                try await stage.registry.database.writeWithoutTransaction { db in
                    try db.execute(sql: "PRAGMA query_only = \(isReadOnly ? 1 : 0)")
                }
            }
            try await set(true)
            #expect(try await stage.send(.put, "/v1/locations/tcn", "{}").problem?.status == 503)
            let answer = try await stage.get("/readyz")
            #expect(answer.problem?.status == 503 && answer.problem?.detail.contains("writes fail") == true)
            #expect(try await stage.get("/healthz").status == .ok)
            try await set(false)
            #expect(try await stage.send(.put, "/v1/locations/tcn", "{}").status == .created)
            #expect(try await stage.get("/readyz").status == .ok)
        }
    }

    @Test("a write is tried before anybody needs one")
    func tried() async throws {
        try await Stage.run { stage in
            try await stage.registry.database.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA query_only = 1")
            }
            #expect(try await stage.get("/readyz").problem?.status == 503)
        }
    }
}
