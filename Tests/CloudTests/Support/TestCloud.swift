import Names
import NetworkTypes
import TestSupport
import YAML

@testable import Cloud

/// Small clouds for tests.
enum TestCloud {
    static func addresses(_ texts: [String]) -> [IPAddress] { texts.compactMap { IPAddress($0) } }

    static func type(_ yaml: String, file: String? = nil) throws -> ServiceType {
        let name = yaml.split(separator: "\n").first.map { String($0.dropFirst("type: ".count)) } ?? "t"
        return ServiceType(
            source: yaml, configuration: try MetaConfiguration.loadOne(yaml, file: file ?? "\(name).yaml"))
    }

    /// Location tcn with both families, location hel with IPv6 only; pgw and tg of the fixtures, three and two
    /// instances.
    static func seed() throws -> Cloud {
        var cloud = Cloud(
            locations: [Location(name: "tcn"), Location(name: "hel")],
            pools: [
                AddressPool(
                    location: "tcn", name: "www-ip", addresses: addresses(["198.51.100.36", "2001:db8:0:1::36"])),
                AddressPool(
                    location: "tcn", name: "tg-ip",
                    addresses: addresses(["198.51.100.38", "198.51.100.37", "2001:db8:0:1::37"])),
                AddressPool(location: "hel", name: "www-ip", addresses: addresses(["2001:db8:0:2::36"])),
                AddressPool(location: "hel", name: "tg-ip", addresses: addresses(["2001:db8:0:2::37"])),
            ],
            servers: (1...4).map {
                Server(
                    name: "app\($0)", location: "tcn", kind: .app,
                    addresses: addresses(["10.1.0.1\($0)", "fd00:1::1\($0)"]))
            } + [Server(name: "hel-app1", location: "hel", kind: .app, addresses: addresses(["fd00:2::11"]))],
            types: [try Fixtures.type("pgw"), try Fixtures.type("tg")],
            services: [
                ServiceInstance(type: "pgw", index: 1, server: "app1"),
                ServiceInstance(type: "pgw", index: 2, server: "app2"),
                ServiceInstance(type: "pgw", index: 3, server: "hel-app1"),
                ServiceInstance(type: "tg", index: 1, server: "app2"),
                ServiceInstance(type: "tg", index: 2, server: "app3"),
            ])
        cloud.marks = try cloud.allocatingMarks()
        return cloud
    }
}

extension Cloud {
    /// Adds an egress rule of tcn, and its pool `out-ip` if that is not there yet.
    mutating func addEgress(_ name: String, pool: String = "out-ip", from: [String], except: [String] = []) {
        let out = AddressPool(
            location: "tcn", name: "out-ip",
            addresses: TestCloud.addresses(["198.51.100.41", "198.51.100.40", "2001:db8:0:1::40"]))
        if pools[out.id] == nil { pools[out.id] = out }
        let rule = Egress(
            location: "tcn", name: name, pool: pool, sources: from.compactMap { AddressPrefix($0) },
            exceptions: except.compactMap { AddressPrefix($0) })
        egress[rule.id] = rule
    }

    func withEgress(_ name: String, pool: String = "out-ip", from: [String], except: [String] = []) -> Cloud {
        var cloud = self
        cloud.addEgress(name, pool: pool, from: from, except: except)
        return cloud
    }
}
