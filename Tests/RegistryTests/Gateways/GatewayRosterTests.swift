import AdminAPI
import Foundation
import Logging
import RegistryTestSupport
import TestSupport
import Testing

@testable import Registry

@Suite("The roster of gateways") struct GatewayRosterTests {
    private func withRoster(
        _ limits: GatewayRoster.Limits, logger: Logger = RecordedLog().logger,
        _ body: (Registry, GatewayRoster) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: folder.appending(path: "registry.sqlite").path, now: TestClock().now)
            try await body(registry, GatewayRoster(registry: registry, limits: limits, logger: logger))
        }
    }

    private func id(_ number: Int) -> GatewayID { GatewayID(location: "tcn", name: "gw\(number)") }

    @Test("at the limit a new gateway is refused by name of the setting, and no other is forgotten for it")
    func limit() async throws {
        let log = RecordedLog()
        try await withRoster(.init(gateways: 20), logger: log.logger) { registry, roster in
            for number in 0..<20 { await roster.end(try await roster.begin(id(number), .init(), isVouched: true)) }
            #expect(log.notable.count == 1 && log.notable[0].contains("gateways: near the limit"), "\(log.notable)")
            let error = await #expect(throws: RegistryError.self) {
                try await roster.begin(id(20), .init(), isVouched: true)
            }
            #expect("\(error as Any)".contains("max-gateways"))
            _ = try await roster.begin(id(0), .init(), isVouched: true)
            #expect(try await roster.resources(in: try await registry.state()).count == 20)
            try await roster.forget(id(7), by: "ops", dryRun: false)
            _ = try await roster.begin(id(20), .init(), isVouched: true)
        }
    }

    @Test("more gateways than the limit, from before it was lowered, are all kept")
    func lowered() async throws {
        try await withRoster(.init()) { registry, roster in
            for number in 0..<30 { _ = try await roster.begin(id(number), .init(), isVouched: true) }
            await roster.flush()
            let next = GatewayRoster(registry: registry, limits: .init(gateways: 10), logger: RecordedLog().logger)
            for number in 0..<30 { _ = try await next.begin(id(number), .init(), isVouched: false) }
            await #expect(throws: RegistryError.self) { try await next.begin(id(30), .init(), isVouched: true) }
            #expect(try await next.resources(in: try await registry.state()).count == 30)
        }
    }

    @Test("a poll that began before its gateway was forgotten does not end that of its successor")
    func forgottenMeanwhile() async throws {
        try await withTemporaryFolder { folder in
            let clock = TestClock()
            let registry = try Registry(
                path: folder.appending(path: "registry.sqlite").path, now: clock.now, uptime: clock.uptime)
            let roster = GatewayRoster(registry: registry, logger: RecordedLog().logger)
            let old = try await roster.begin(id(1), .init(), isVouched: true)
            try await roster.forget(id(1), by: "ops", dryRun: false)
            let new = try await roster.begin(id(1), .init(), isVouched: true)
            await roster.end(old)
            clock.advance(by: 9)
            let state = try await registry.state()
            #expect(try await roster.resources(in: state).first?.age == 0)
            await roster.end(new)
            clock.advance(by: 9)
            #expect(try await roster.resources(in: state).first?.age == 9)
        }
    }
}
