import Testing

@testable import Cloud

@Suite("Hairpin of networks that are not inside") struct HairpinContradictionTests {
    private func found(_ hairpin: String) throws -> [String] {
        var cloud = try TestCloud.seed()
        cloud.types["pgw"] = try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: {80: 8080}, hairpin: \(hairpin)}\n")
        return cloud.contradictions().map(\.description)
    }

    @Test("a network with a public address of a location that serves the section is refused, in whichever pool")
    func publicAddress() throws {
        #expect(
            try found("[10.0.0.0/8, 198.51.100.37]") == [
                "pgw.yaml:3:5: hairpin of pgw/http is for inside networks; 198.51.100.37/32 has the public address "
                    + "198.51.100.37 (pool tg-ip of location tcn)"
            ])
        #expect(try found("128.0.0.0/1").count == 1)
        #expect(try found("[10.0.0.0/8, 203.0.113.0/24]").isEmpty)
    }
}
