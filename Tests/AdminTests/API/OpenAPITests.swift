import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Testing

@testable import Admin

@Suite("OpenAPI description") struct OpenAPITests {
    /// The document as a client gets it.
    private func document(_ stage: Stage) async throws -> JSONValue {
        try JSONParser.parse(Array(buffer: try await stage.get("/openapi.json").body))
    }

    private func members(_ value: JSONValue?) -> [String: JSONValue] {
        guard case .object(let members)? = value else { return [:] }
        return Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
    }

    @Test("it describes the routes of the router, each and no other")
    func routes() async throws {
        try await Stage.run { stage in
            let router = try AdminApplication(
                registry: stage.registry, gateways: stage.gateways, address: ListenAddress("127.0.0.1:0")!,
                isOpenWithoutTokens: true, logger: Stage.logger
            ).router()
            let routed = Set(router.routes.filter { $0.method != .head }.map { "\($0.method.rawValue) \($0.path)" })
            var described: Set<String> = []
            for (path, item) in members(try await document(stage)["paths"]) {
                for method in members(item).keys where method != "parameters" {
                    described.insert("\(method.uppercased()) \(path)")
                }
            }
            #expect(described == routed)
            let heads = Set(router.routes.filter { $0.method == .head }.map { "GET \($0.path)" })
            #expect(heads == routed.filter { $0.hasPrefix("GET ") })
        }
    }

    @Test("every reference leads somewhere, every operation has its own id")
    func references() async throws {
        try await Stage.run { stage in
            let document = try await document(stage)
            #expect(document["openapi"] == "3.1.0")
            var references: [String] = []
            var operations: [String] = []
            func walk(_ value: JSONValue) {
                switch value {
                case .object(let members):
                    for member in members {
                        if member.name == "$ref", case .string(let target) = member.value { references.append(target) }
                        if member.name == "operationId", case .string(let id) = member.value { operations.append(id) }
                        walk(member.value)
                    }
                case .array(let elements): elements.forEach(walk)
                default: break
                }
            }
            walk(document)
            for reference in Set(references) {
                let target = reference.split(separator: "/").dropFirst().reduce(document as JSONValue?) {
                    $0?[String($1)]
                }
                #expect(target != nil, "\(reference)")
            }
            #expect(Set(operations).count == operations.count)
        }
    }

    @Test("a change offers dry_run and its conditions, a body its limits' answers")
    func statuses() async throws {
        try await Stage.run { stage in
            let put = try await document(stage)["paths"]?["/v1/servers/{server}"]?["put"]
            #expect(
                Set(members(put?["responses"]).keys)
                    == [
                        "200", "201", "400", "401", "403", "404", "405", "408", "409", "412", "413", "415", "422",
                        "500",
                        "503",
                    ])
            let health = try await document(stage)["paths"]?["/healthz"]?["get"]
            #expect(Set(members(health?["responses"]).keys) == ["200", "304", "400", "405", "406", "500"])
            #expect(health?["security"] == nil)
        }
    }
}
