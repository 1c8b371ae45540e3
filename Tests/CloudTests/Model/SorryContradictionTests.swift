import Testing

@testable import Cloud

@Suite("Sorry servers that cannot be") struct SorryContradictionTests {
    private func cloud(_ sorry: String) throws -> Cloud {
        var cloud = try TestCloud.seed()
        cloud.types["pgw"] = try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: {80: 8080}, sorry: \(sorry)}\n")
        return cloud
    }

    @Test("a public address of a location that serves the section is refused, in whichever pool")
    func publicAddress() throws {
        let found = try cloud("198.51.100.37").contradictions()
        #expect(
            found.map(\.description) == [
                "pgw.yaml:3:5: the sorry server 198.51.100.37 of pgw/http is a public address (pool tg-ip of location "
                    + "tcn): a gateway that has it cannot send anything there"
            ])
    }

    @Test("an instance of the section is refused at its own port, another machine or port is not")
    func instance() throws {
        #expect(try cloud("10.1.0.11").contradictions().map { $0.message.contains("is pgw.1 itself") } == [true])
        #expect(try cloud("10.1.0.11:8080").contradictions().count == 1)
        #expect(try cloud("10.1.0.11:8081").contradictions().isEmpty)
        #expect(try cloud("10.1.0.14:8080").contradictions().isEmpty)
    }
}
