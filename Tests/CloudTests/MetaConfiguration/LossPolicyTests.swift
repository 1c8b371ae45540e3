import Testing
import YAML

@testable import Cloud

@Suite("on-server-lost") struct LossPolicyTests {
    private func read(_ text: String) throws -> ServerLossPolicy? {
        try MetaConfiguration.loadOne("type: t\n" + text, file: "t.yaml").onServerLost
    }

    private static let gateway = "\ngateway:\n  - {name: in, address: ip, ports: 80}\n"

    @Test("what it has, and what is usual")
    func reading() throws {
        #expect(try read("unique: true\n") == nil)
        #expect(try read("on-server-lost: {}\n") == ServerLossPolicy(after: 60, moves: false, isExclusive: false))
        #expect(
            try read("on-server-lost: {after: 2m, move: true, exclusive: true}" + Self.gateway)
                == ServerLossPolicy(after: 120, moves: true, isExclusive: true))
    }

    @Test("a lease is half of the time, at least ten seconds")
    func lease() {
        #expect(ServerLossPolicy(after: 60).lease == nil)
        #expect([5, 20, 45, 60].map { ServerLossPolicy(after: $0, isExclusive: true).lease } == [10, 10, 23, 30])
    }

    @Test(
        "what is wrong is told with its place",
        arguments: [
            ("on-server-lost: yes\n", "t.yaml:2:17: "),
            ("on-server-lost: {after: 1s}\n", "t.yaml:2:25: "),
            ("on-server-lost: {moves: true}\n", "unknown key \"moves\"; did you mean \"move\"?"),
            ("on-server-lost: {move: true}\n", "nothing at the gateways leads to them"),
            ("unique: true\non-server-lost: {move: true}" + gateway, "t.yaml:3:17: "),
            ("requires: {labels: [db]}\non-server-lost: {move: true}" + gateway, "they have data on their server"),
        ])
    func faults(text: String, message: String) {
        let error = #expect(throws: YAMLErrors.self) { try read(text) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(message), "\(error.map { "\($0)" } ?? "")")
    }
}
