import Names
import NetworkTypes
import Testing

@testable import Cloud

@Suite("Egress rules that contradict the cloud") struct EgressContradictionTests {
    private let id = Egress.ID(location: "tcn", name: "out")

    private func network(_ text: String) throws -> AddressPrefix { try #require(AddressPrefix(text)) }

    /// The messages and the first subjects.
    private func check(
        _ cloud: Cloud, _ expected: [(String, Contradiction.Subject)], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let found = cloud.contradictions()
        #expect(found.map(\.message) == expected.map(\.0), sourceLocation: sourceLocation)
        #expect(found.map(\.subjects.first) == expected.map(\.1), sourceLocation: sourceLocation)
    }

    @Test("a rule by a pool of its own, for both families, is fine; so are several with other networks")
    func none() throws {
        var cloud = try TestCloud.seed().withEgress(
            "out", from: ["10.1.0.0/16", "fd00:1::/64"], except: ["10.0.0.0/8", "10.2.0.0/16", "0.0.0.0/0"])
        cloud.addEgress("b", from: ["10.2.0.0/16", "10.0.0.0/16"])
        cloud.addEgress("c", pool: "www-ip", from: ["10.3.0.0/32"])
        check(cloud, [])
    }

    @Test("a pool or a location that is not there")
    func missing() throws {
        check(
            try TestCloud.seed().withEgress("out", pool: "nope", from: ["10.1.0.0/16"]),
            [
                (
                    "the egress rule out of location tcn needs the address pool \"nope\", which the location lacks",
                    .egress(id, .pool)
                )
            ])
        var elsewhere = try TestCloud.seed()
        let rule = Egress(location: "ams", name: "out", pool: "out-ip", sources: [try network("10.1.0.0/16")])
        elsewhere.egress[rule.id] = rule
        check(
            elsewhere,
            [("the egress rule out of location ams: there is no location \"ams\"", .egress(rule.id, .location))])
    }

    @Test("a pool without an address of a family that the inside networks have")
    func poolWithoutFamily() throws {
        var cloud = try TestCloud.seed().withEgress("out", from: ["10.1.0.0/16", "fd00:1::/64"])
        let pool = AddressPool(location: "tcn", name: "out-ip", addresses: TestCloud.addresses(["198.51.100.40"]))
        cloud.pools[pool.id] = pool
        check(
            cloud,
            [
                (
                    "the egress rule out of location tcn is for fd00:1::/64, and its pool out-ip has no IPv6 address",
                    .egress(id, .source(try network("fd00:1::/64")))
                )
            ])
        #expect(cloud.contradictions().first?.subjects.last == .pool(pool.id, .addresses))
    }

    @Test("networks that overlap, of one rule or of two; each inner one is told once")
    func overlaps() throws {
        var cloud = try TestCloud.seed().withEgress("out", from: ["10.1.0.0/16", "10.1.2.0/24", "fd00:1::/64"])
        cloud.addEgress("a", from: ["10.0.0.0/15", "10.3.0.0/16", "fd00:1::/64"])
        let outer = "which overlaps 10.0.0.0/15 of the rule a"
        check(
            cloud,
            [
                (
                    "the egress rule out of location tcn is for 10.1.0.0/16, \(outer)",
                    .egress(id, .source(try network("10.1.0.0/16")))
                ),
                (
                    "the egress rule out of location tcn is for 10.1.2.0/24, \(outer)",
                    .egress(id, .source(try network("10.1.2.0/24")))
                ),
                (
                    "the egress rule out of location tcn is for fd00:1::/64, which overlaps fd00:1::/64 of the rule a",
                    .egress(id, .source(try network("fd00:1::/64")))
                ),
            ])
        cloud = try TestCloud.seed().withEgress("out", from: ["10.1.0.0/16", "10.1.2.0/24"])
        #expect(
            cloud.contradictions().map(\.message) == [
                "the egress rule out of location tcn is for 10.1.2.0/24, which overlaps 10.1.0.0/16 of the same rule"
            ])
        // At another location the same networks are others.
        var elsewhere = try TestCloud.seed().withEgress("out", from: ["fd00:1::/64"])
        let rule = Egress(location: "hel", name: "out", pool: "www-ip", sources: [try network("fd00:1::/64")])
        elsewhere.egress[rule.id] = rule
        check(elsewhere, [])
    }

    @Test("a network with a public address of the location, of whatever pool")
    func publicAddress() throws {
        let cloud = try TestCloud.seed().withEgress("out", from: ["10.1.0.0/16", "198.51.100.32/29", "2001:db8::/32"])
        let found = cloud.contradictions()
        func message(_ network: String, _ address: String, _ pool: String) -> String {
            "the egress rule out of location tcn is for \(network), which has the public address \(address) "
                + "(pool \(pool)): it is for inside networks only"
        }
        #expect(
            found.map(\.message) == [
                message("2001:db8::/32", "2001:db8:0:1::40", "out-ip"),
                message("198.51.100.32/29", "198.51.100.37", "tg-ip"),
                message("2001:db8::/32", "2001:db8:0:1::37", "tg-ip"),
                message("198.51.100.32/29", "198.51.100.36", "www-ip"),
                message("2001:db8::/32", "2001:db8:0:1::36", "www-ip"),
            ])
        let address = try #require(IPAddress("198.51.100.37"))
        #expect(
            found[1].subjects == [
                .egress(id, .source(try network("198.51.100.32/29"))),
                .pool(.init(location: "tcn", name: "tg-ip"), .address(address)),
            ])
    }

    @Test("no inside network, and exceptions of a family of which there is none")
    func exceptions() throws {
        check(
            try TestCloud.seed().withEgress("out", from: []),
            [("the egress rule out of location tcn is for no inside network", .egress(id, .sources))])
        check(
            try TestCloud.seed().withEgress("out", from: ["10.1.0.0/16"], except: ["fd00::/8", "10.0.0.0/8"]),
            [
                (
                    "the egress rule out of location tcn excepts fd00::/8, and is for no IPv6 network",
                    .egress(id, .exception(try network("fd00::/8")))
                )
            ])
    }

    @Test("64 rules are as many as a location may have")
    func count() throws {
        var cloud = try TestCloud.seed()
        for number in 0..<64 { cloud.addEgress("e\(number)", from: ["10.\(number).0.0/16"]) }
        check(cloud, [])
        cloud.addEgress("one-more", from: ["10.64.0.0/16"])
        check(cloud, [("location tcn has 65 egress rules, and may have 64", .init(.location, "tcn"))])
    }

    @Test("a location with egress rules is in use")
    func locationInUse() throws {
        var cloud = Cloud(locations: [Location(name: "tcn")]).withEgress("out", from: ["10.1.0.0/16"])
        #expect(throws: ChangeError.inUse("location tcn still has pool out-ip, egress rule out")) {
            try cloud.deleteLocation("tcn")
        }
    }
}
