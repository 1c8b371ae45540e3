import Names
import ServicesExport
import Testing
import YAML

@testable import Cloud

@Suite("The weight of other variants") struct DebugWeightTests {
    private func section(_ keys: String) throws -> GatewaySection {
        let text = "type: t\ngateway:\n  - {name: s, address: www-ip, ports: 80\(keys)}\n"
        return try #require(MetaConfiguration.loadOne(text, file: "t.yaml").gateway.first)
    }

    private func weight(_ keys: String, variant: String? = "debug", own: Int? = nil) throws -> Int {
        try section(keys).weight(
            of: ServiceInstance(
                type: "t", index: 1, server: "app1", weight: own,
                installation: Installation(version: .named("1", variant: variant), digest: "")))
    }

    @Test("it is a tenth of the weight unless the section says otherwise, and an own weight wins")
    func weights() throws {
        #expect(try weight("") == 10)
        #expect(try weight(", weight: 7") == 1)
        #expect(try weight(", weight: 0") == 0)
        #expect(try weight(", debug-weight: 25") == 25)
        #expect(try weight(", debug-weight: 0") == 0)
        #expect(try weight(", debug-weight: 25", variant: "profile") == 25)
        #expect(try weight(", debug-weight: 25", own: 70) == 70)
        #expect(try weight(", debug-weight: 25", variant: nil) == 100)
        #expect(try weight(", debug-weight: 25", variant: "release") == 100)
        #expect(try weight(", method: dnat") == 100)
        #expect(try weight(", scheduler: rr, debug-weight: 0") == 0)
    }

    @Test(
        "what contradicts the rest of the section is refused with its place",
        arguments: [
            (", debug-weight: 101", "\"debug-weight\" is 101 and the weight 100"),
            (", weight: 0, debug-weight: 1", "\"debug-weight\" is 1 and the weight 0"),
            (", scheduler: rr, debug-weight: 5", "the scheduler \"rr\" does not share by weight"),
            (", method: dnat, debug-weight: 5", "the method \"dnat\" has one server"),
            (", debug-weight: -1", "t.yaml:3:"), (", debug-weight: 65536", "t.yaml:3:"),
        ])
    func refused(_ keys: String, _ message: String) throws {
        let errors = #expect(throws: YAMLErrors.self) { try section(keys) }
        #expect(errors?.description.contains(message) == true, "\(errors?.description ?? "")")
    }

    @Test("the export has it, and 0 while the instance drains")
    func export() throws {
        var cloud = try TestCloud.seed()
        cloud.services["pgw.1"]?.installation = Installation(version: .named("1.5.0", variant: "debug"), digest: "")
        func weights(_ service: String) -> Set<Int> {
            Set(cloud.exportRows(location: "tcn").filter { $0.service == service }.map(\.weight))
        }
        #expect(weights("pgw.1") == [10] && weights("pgw.2") == [100])
        cloud.services["pgw.1"]?.state = .drain
        #expect(weights("pgw.1") == [0])
    }
}
