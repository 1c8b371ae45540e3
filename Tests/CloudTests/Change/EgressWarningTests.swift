import NetworkTypes
import Testing
import YAML

@testable import Cloud

@Suite("Warnings about egress rules") struct EgressWarningTests {
    private func warnings(_ before: Cloud, _ after: Cloud) -> [Contradiction] {
        after.warnings(about: CloudDifference(from: before, to: after), since: before)
    }

    @Test("a pool on which sections are served is said when the rule changes, and when the sections do")
    func sharedPool() throws {
        let seed = try TestCloud.seed()
        let with = seed.withEgress("out", pool: "www-ip", from: ["10.1.0.0/16"])
        let message =
            "the egress rule out of location tcn leaves by the pool www-ip, on which pgw/http is served: that works, "
            + "but a pool of its own is clearer"
        let found = warnings(seed, with)
        #expect(found.map(\.message) == [message] && found.first?.position == nil)
        #expect(found.first?.subjects == [.egress(.init(location: "tcn", name: "out"), .pool)])
        // Another thing has changed.
        var other = with
        other.locations["tcn"] = Location(name: "tcn", description: "changed")
        #expect(warnings(with, other).isEmpty)
        // A section that comes later, at its place.
        var served = with
        served.types["t"] = try TestCloud.type("type: t\ngateway:\n  - {name: s, address: www-ip, ports: 81}\n")
        let later = warnings(with, served)
        #expect(later.map { $0.message.contains("on which pgw/http, t/s are served") } == [true])
        #expect(later.first?.position?.file == "t.yaml")
        #expect(warnings(seed, seed.withEgress("out", from: ["10.1.0.0/16"])).isEmpty)
    }
}
