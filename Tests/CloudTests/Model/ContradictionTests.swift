import Names
import NetworkTypes
import TestSupport
import Testing
import YAML

@testable import Cloud

@Suite struct ContradictionTests {
    @Test("the seed's cloud has none")
    func none() throws {
        #expect(try TestCloud.seed().contradictions().isEmpty)
    }

    @Test("a range over another section's port is told with both sections and both places")
    func rangeOverPort() throws {
        var cloud = try TestCloud.seed()
        cloud.pools[.init(location: "tcn", name: "api-ip")] = AddressPool(
            location: "tcn", name: "api-ip", addresses: TestCloud.addresses(["198.51.100.37"]))
        cloud.types["api"] = try TestCloud.type(
            "type: api\ngateway:\n  - name: http\n    address: api-ip\n    ports: [80, 20080]\n")
        #expect(
            messages(cloud) == [
                "api.yaml:3:5: api/http claims 198.51.100.37 tcp 20080, which overlaps tg/devices "
                    + "198.51.100.37 tcp 20000-29999 (tg.yaml:22:5)"
            ])
    }

    @Test("the side that is being changed is named first, with its place")
    func blame() throws {
        var cloud = try TestCloud.seed()
        cloud.services = [:]
        cloud.types["api"] = try TestCloud.type(
            "type: api\ngateway:\n  - name: d\n    address: tg-ip\n    fwm: {ports: 20080, mark: 256}\n")
        #expect(cloud.contradictions().count == 3)
        #expect(
            cloud.contradictions().allSatisfy {
                $0.position?.file == "api.yaml" || $0.message.contains("tg/devices uses")
            })
        #expect(cloud.contradictions(blaming: ["tg"]).allSatisfy { $0.position?.file == "tg.yaml" })
        #expect(
            cloud.contradictions(blaming: ["tg"]).first?.description
                == "tg.yaml:22:5: tg/devices claims 2001:db8:0:2::37 tcp 20000-29999, which overlaps api/d "
                + "2001:db8:0:2::37 tcp 20080 (api.yaml:3:5)")
    }

    @Test("the same port of the same pool is refused before any instance exists")
    func samePort() throws {
        var cloud = try TestCloud.seed()
        cloud.types["web"] = try TestCloud.type(
            "type: web\ngateway:\n  - name: http\n    address: www-ip\n    ports: {443: 9443}\n")
        #expect(
            messages(cloud).first
                == "web.yaml:3:5: web/http claims 2001:db8:0:2::36 tcp 443, which overlaps pgw/http "
                + "2001:db8:0:2::36 tcp 443 (pgw.yaml:23:5)")
        cloud.types["web"] = try TestCloud.type(
            "type: web\ngateway:\n  - name: http\n    address: www-ip\n    ports: {443: 9443}\n    protocol: udp\n")
        #expect(messages(cloud).isEmpty)
    }

    @Test("sections for clients of different families may share a port, those for clients of one may not")
    func portOfEachFamily() throws {
        func cloud(_ first: String, _ second: String) throws -> Cloud {
            var cloud = try TestCloud.seed()
            cloud.services = [:]
            cloud.types["a"] = try TestCloud.type(
                "type: a\ngateway:\n  - {name: s, address: www-ip, ports: [8000], from: \(first)}\n")
            cloud.types["b"] = try TestCloud.type(
                "type: b\ngateway:\n  - {name: s, address: www-ip, ports: [8000], from: \(second)}\n")
            return cloud
        }
        #expect(messages(try cloud("203.0.113.0/24", "2001:db8:ff::/48")).isEmpty)
        #expect(
            messages(try cloud("[203.0.113.0/24, 2001:db8:ff::/48]", "2001:db8:fe::/48")).allSatisfy {
                $0.hasPrefix("b.yaml:3:5: b/s claims 2001:db8:0:")
            })
        #expect(messages(try cloud("[203.0.113.0/24, 2001:db8:ff::/48]", "2001:db8:fe::/48")).count == 2)
        let inOneFile = { (second: String) in
            "type: c\ngateway:\n  - {name: s, address: p, ports: [80], from: 203.0.113.0/24}\n"
                + "  - {name: t, address: p, ports: [80], from: \(second)}\n"
        }
        #expect(throws: Never.self) { try TestCloud.type(inOneFile("2001:db8:ff::/48")) }
        let errors = #expect(throws: YAMLErrors.self) {
            try TestCloud.type(inOneFile("[203.0.113.0/25, 2001:db8:ff::/48]"))
        }
        #expect(errors?.description == "c.yaml:4:5: c/t claims p tcp 80, which overlaps c/s p tcp 80 (c.yaml:3:5)")
    }

    @Test("a pool that a service's location lacks is named, with the section that needs it")
    func missingPool() throws {
        var cloud = try TestCloud.seed()
        cloud.pools[.init(location: "hel", name: "www-ip")] = nil
        #expect(
            messages(cloud) == [
                "pgw.yaml:23:5: pgw/http needs the address pool \"www-ip\", which the location hel of pgw.3 lacks"
            ])
    }

    @Test("a mark used twice, whether asked for or allocated")
    func marks() throws {
        var cloud = try TestCloud.seed()
        let id = SectionID(type: "tg", section: "devices")
        #expect(cloud.marks == [MarkID(id): 256, MarkID(id, .udp): 257])
        cloud.types["tx"] = try TestCloud.type(
            "type: tx\ngateway:\n  - name: other\n    address: tg-ip\n    fwm: {ports: 5000-5001, mark: 256}\n")
        cloud.marks = try cloud.allocatingMarks()
        #expect(
            messages(cloud) == [
                "tx.yaml:5:35: tx/other uses the firewall mark 256, which tg/devices uses (tg.yaml:22:5)"
            ])
        cloud.types["tx"] = nil
        cloud.marks = [:]
        #expect(
            messages(cloud) == [
                "tg.yaml:22:5: tg/devices has no firewall mark", "tg.yaml:22:5: tg/devices udp has no firewall mark",
            ])
    }

    @Test("a server without an address of a family that its services are reached by")
    func missingFamily() throws {
        var cloud = try TestCloud.seed()
        cloud.servers["app1"]?.addresses = TestCloud.addresses(["10.1.0.11"])
        #expect(
            messages(cloud) == [
                "pgw.yaml:23:5: pgw/http serves IPv6 on www-ip, but the server app1 of pgw.1 has no IPv6 address"
            ])
        // Through a tunnel, or when no IPv6 client may come, it needs none.
        for line in ["method: tunnel", "from: 203.0.113.0/24"] {
            cloud.types["pgw"] = try TestCloud.type(
                "type: pgw\ngateway:\n  - name: http\n    address: www-ip\n    ports: [80]\n    \(line)\n")
            cloud.services["pgw.3"] = nil
            #expect(messages(cloud).isEmpty, "\(line)")
        }
    }

    @Test("two instances on one server cannot be told apart, unless one is in maint")
    func twoOnOneServer() throws {
        var cloud = try TestCloud.seed()
        cloud.services["pgw.2"]?.server = "app1"
        #expect(
            messages(cloud) == [
                "pgw.yaml:23:5: the services pgw.1 and pgw.2 are both on server app1, where pgw/http cannot tell them "
                    + "apart; move one or put it into maint"
            ])
        cloud.services["pgw.2"]?.state = .maint
        #expect(messages(cloud).isEmpty)
    }

    @Test("services of unknown types, on unknown servers, of fake types, too many of a unique one, on the wrong kind")
    func placement() throws {
        var cloud = try TestCloud.seed()
        for name in ["default", "logger"] { cloud.types[name] = try Fixtures.type(name) }
        for service in [
            ServiceInstance(type: "default", index: 1, server: "app1"),
            ServiceInstance(type: "logger", index: 1, server: "app1"),
            ServiceInstance(type: "logger", index: 2, server: "nowhere"),
            ServiceInstance(type: "unknown", index: 1, server: "app1"),
        ] { cloud.services[service.name] = service }
        #expect(
            messages(cloud) == [
                "default.yaml:2:1: the service default.1: default is a fake type",
                "logger.yaml:2:1: the services logger.1 and logger.2: logger is unique in the cloud",
                "logger.yaml:5:3: the service logger.1 needs a server of kind archive; app1 is app",
                "the service logger.2: there is no server \"nowhere\"",
                "the service unknown.1: there is no type \"unknown\"",
            ])
    }

    @Test("pools and servers with addresses that cannot be theirs")
    func addresses() throws {
        var cloud = try TestCloud.seed()
        cloud.pools[.init(location: "tcn", name: "tg-ip")]?.addresses = TestCloud.addresses(["127.0.0.1", "ff02::1"])
        cloud.pools[.init(location: "ams", name: "x")] = AddressPool(
            location: "ams", name: "x", addresses: [IPAddress]())
        cloud.servers["app4"] = Server(
            name: "app4", location: "ams", kind: .db, addresses: TestCloud.addresses(["10.1.0.13", "10.1.0.14"]))
        cloud.services = [:]
        #expect(
            messages(cloud) == [
                "the pool x of location ams: there is no location \"ams\"",
                "the pool x of location ams has no address",
                "the pool tg-ip of location tcn has 127.0.0.1, which is a loopback address",
                "the pool tg-ip of location tcn has ff02::1, which is a multicast address",
                "the server app4: there is no location \"ams\"",
                "the server app4 has more than one IPv4 address",
                "the servers app3 and app4 have the same address 10.1.0.13",
            ])
    }

    @Test("the sweep finds an overlap exactly where comparing all pairs does")
    func sweep() {
        let position = YAMLPosition(file: "f", line: 1, column: 1)
        var random = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            let claims = (0..<Int.random(in: 2..<12, using: &random)).compactMap { index -> PortClaim<String>? in
                let first = UInt16.random(in: 1..<60, using: &random)
                let address = Bool.random(using: &random) ? "a" : "b"
                let transport: TransportProtocol = Bool.random(using: &random) ? .tcp : .udp
                return PortRange(first, first + .random(in: 0..<6, using: &random)).map {
                    PortClaim(
                        address: address, transport: transport, ports: $0,
                        section: SectionID(type: "t", section: "\(index)"), position: position)
                }
            }
            func overlap(_ a: PortClaim<String>, _ b: PortClaim<String>) -> Bool {
                a.address == b.address && a.transport == b.transport && a.ports.overlaps(b.ports)
            }
            let found = PortClaim.overlaps(claims)
            #expect(found.allSatisfy { overlap($0.claim, $0.other) })
            // Each claim that overlaps an earlier one is told of, and no other.
            let inPairs = claims.contains { a in claims.contains { $0.section != a.section && overlap(a, $0) } }
            #expect(found.isEmpty != inPairs)
        }
    }

    @Test("ten thousands of claims are compared in a moment", .timeLimit(.minutes(5)))
    func large() throws {
        var cloud = Cloud(
            locations: [Location(name: "l")],
            pools: [
                AddressPool(location: "l", name: "p", addresses: (1...40).map { IPAddress(ipv4: 0xC633_6400 + $0) })
            ])
        for number in 0..<50 {
            let ports = (0..<10).map { "\(1000 + number * 10 + $0)" }.joined(separator: ", ")
            cloud.types["t\(number)"] = try TestCloud.type(
                "type: t\(number)\ngateway:\n  - {name: s, address: p, ports: [\(ports)]}\n")
        }
        #expect(cloud.claimContradictions().isEmpty)
    }

    @Test("an export larger than gateways take is refused before it is made")
    func size() throws {
        var cloud = try TestCloud.seed()
        let ports = (1...60_000).map { "\($0)" }.joined(separator: ",")
        cloud.types["pgw"] = try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: [\(ports)], protocol: [tcp, udp, sctp]}\n")
        #expect(
            messages(cloud) == [
                "the export of location tcn would have 720008 rows and up to 127 MiB; gateways take 1000000 rows and 64 MiB"
            ])
    }

    private func messages(_ cloud: Cloud) -> [String] { cloud.contradictions().map(\.description) }
}
