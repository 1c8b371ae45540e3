import NetworkTypes
import ServicesExport
import Testing
import YAML

@testable import Cloud

@Suite("Limits, hairpin and sorry servers of a gateway section") struct SectionOptionTests {
    private func section(_ keys: String, ports: String = "ports: {80: 8080, 443: 8443}") throws -> GatewaySection {
        let text = "type: t\ngateway:\n  - {name: s, address: www-ip, \(ports), \(keys)}\n"
        return try #require(MetaConfiguration.loadOne(text, file: "t.yaml").gateway.first)
    }

    private func error(_ keys: String, ports: String = "ports: {80: 8080, 443: 8443}") -> String {
        #expect(throws: YAMLErrors.self) { try section(keys, ports: ports) }?.description ?? ""
    }

    @Test("a limit is a rate, or more, and counts prefixes by family")
    func limits() throws {
        #expect(try section("limit: 100/s").options(on: .ipv4).limit?.description == "rate=100/s")
        let limit = "limit: {rate: 30/m, burst: 60, connections: 50, prefix: {ipv4: 24, ipv6: 64}}"
        let both = try section(limit)
        #expect(both.options(on: .ipv4).limit?.description == "rate=30/m burst=60 connections=50 prefix=24")
        #expect(both.options(on: .ipv6).limit?.description == "rate=30/m burst=60 connections=50 prefix=64")
        let one = try section("limit: {connections: 5, prefix: 24}")
        #expect(one.options(on: .ipv4).limit?.description == "connections=5 prefix=24")
        #expect(one.options(on: .ipv6).limit?.description == "connections=5")
        let whole = try section("limit: {rate: 1/s, prefix: {ipv4: 32, ipv6: 128}}")
        #expect(whole.options(on: .ipv4).limit?.prefix == nil && whole.options(on: .ipv6).limit?.prefix == nil)
        #expect(try section("max-rate: 1000").options(on: .ipv4).maximumRate == 1_000)
    }

    @Test("the mask of persistence is that of the family")
    func mask() throws {
        let section = try section("persistence: 300, persistence-mask: {ipv4: 24, ipv6: 64}")
        #expect(section.options(on: .ipv4).persistenceMask == 24 && section.options(on: .ipv6).persistenceMask == 64)
    }

    @Test("inside networks are kept by family, without those inside others")
    func hairpin() throws {
        let section = try section("hairpin: [10.1.0.0/16, fd00::/8, 10.1.2.0/24]")
        #expect(section.options(on: .ipv4).hairpin.map(\.description) == ["10.1.0.0/16"])
        #expect(section.options(on: .ipv6).hairpin.map(\.description) == ["fd00::/8"])
        let shared = try self.section("hairpin: 10.0.0.0/8, from: [10.0.0.0/9, 10.128.0.0/9]")
        #expect(shared.options(on: .ipv4).hairpin.count == 1)
    }

    @Test("a sorry server without a port has that of the instances; a tunnel's may be of the other family")
    func sorry() throws {
        let own = try section("sorry: [10.1.0.9, \"[fd00::9]:81\"]")
        #expect(own.options(on: .ipv4).sorry(at: 8_443).sorry?.description == "10.1.0.9:8443")
        #expect(own.options(on: .ipv6).sorry(at: 8_443).sorry?.description == "[fd00::9]:81")
        #expect(try section("sorry: 10.1.0.9:80").options(on: .ipv6).sorry == nil)
        let tunnel = try section("sorry: fd00::9, method: tunnel", ports: "ports: 80")
        #expect(tunnel.options(on: .ipv4).sorry?.address.family == .ipv6)
        let mark = try section("sorry: 10.1.0.9", ports: "fwm: {ports: 20000-29999}")
        #expect(mark.options(on: .ipv4).sorry?.description == "10.1.0.9")
    }

    @Test("the export has a sorry server at the port of each mapping")
    func rows() throws {
        var cloud = try TestCloud.seed()
        cloud.types["pgw"] = try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: {80: 8080, 443: 8443}, sorry: 10.1.0.9}\n")
        let rows = cloud.exportRows(location: "tcn").filter { $0.service == "pgw.1" }
        let found = rows.map { "\($0.backendAddress.family) \($0.options.sorry?.description ?? "-")" }
        #expect(Set(found) == ["IPv4 10.1.0.9:8080", "IPv4 10.1.0.9:8443", "IPv6 -"])
        #expect(try ServicesDocument(parsing: ServicesCSV.write(rows)).rows.count == rows.count)
    }

    @Test(
        "what cannot be is refused with its reason",
        arguments: [
            ("limit: 0/s", "a rate of 1 to 1000000"), ("limit: 100", "as 100/s"),
            ("limit: {burst: 5, connections: 1}", "there is no \"rate\""),
            ("limit: {prefix: 24}", "\"connections\" or both"),
            ("limit: {rate: 1/s, prefix: 64}", "IPv4 prefix from 1 to 32, or {ipv4: 24, ipv6: 64}"),
            ("limit: {rate: 1/s, prefix: {ipv6: 129}}", "IPv6 prefix from 1 to 128"),
            ("limit: {rate: 1/s, prefix: {}}", "expected \"ipv4\", \"ipv6\" or both"),
            ("limit: {rat: 1/s}", "did you mean \"rate\"?"), ("max-rate: 1000001", "from 0 to 1000000"),
            ("persistence-mask: 24", "there is no \"persistence\""), ("one-packet: true", "only UDP"),
            ("one-packet: true, protocol: udp, persistence: 5", "keeps a client at one instance"),
            ("one-packet: true, protocol: udp, max-connections: 5", "nothing to count"),
            ("one-packet: true, protocol: udp, limit: {connections: 5}", "nothing to count"),
            ("slow-start: 0.5", "0.5: a time has no decimals: expected a time from 0s to 1h"),
            ("slow-start: 1500ms", "a time in whole seconds"),
            ("hairpin: 0.0.0.0/0", "for inside networks"), ("hairpin: \"2000::/3\"", "for inside networks"),
            ("hairpin: [0.0.0.0/1, 128.0.0.0/1]", "the address of every IPv4 client"),
            ("hairpin: [\"2000::/4\", \"3000::/4\", 10.0.0.0/8]", "the address of every IPv6 client"),
            ("hairpin: [0.0.0.0/2, 64.0.0.0/2, 128.0.0.0/2, 192.0.0.0/3]", "the address of every IPv4 client"),
            ("hairpin: 10.1.0.1/16", "bits behind the prefix length"),
            ("hairpin: 10.1.0.0/16, method: direct", "cannot turn port"),
            ("hairpin: 10.1.0.0/16, from: 10.1.0.0/24", "not among the sources"),
            ("sorry: 127.0.0.1:80", "a loopback address"), ("sorry: 10.1.0.9:0", "a server as"),
            ("sorry: [10.1.0.9, 10.1.0.8]", "a sorry server for IPv4 already"),
            ("sory: 10.1.0.9", "did you mean \"sorry\"?"),
        ])
    func refused(keys: String, reason: String) {
        let error = error(keys)
        #expect(error.contains(reason) && error.hasPrefix("t.yaml:3:"), "\(error)")
    }

    @Test("ports that a method or a mark keeps are not those of a sorry server")
    func keptPorts() {
        #expect(error("sorry: 10.1.0.9:80", ports: "fwm: {ports: 20000-29999}").contains("without a port"))
        #expect(error("sorry: 10.1.0.9:80, method: direct", ports: "ports: [80, 81]").contains("cannot turn port 81"))
        #expect(error("hairpin: 10.0.0.0/8, method: direct", ports: "ports: 80").contains("have the public address"))
    }
}
