package import Cloud
import Names
import NetworkTypes
package import TestSupport

/// Clouds of two locations with sections of every kind; some contradict themselves.
package enum RandomCloud {
    package static func make(using random: inout SeededGenerator) throws -> Cloud {
        var cloud = Cloud(locations: [Location(name: "l0"), Location(name: "l1")])
        let both = random.next() % 4 > 0
        for location in 0..<2 {
            for pool in 0..<3 {
                let texts = (0...Int.random(in: 0...2, using: &random)).flatMap {
                    ["198.51.\(location).\(pool * 10 + $0)"] + (both ? ["2001:db8:\(location)::\(pool * 10 + $0)"] : [])
                }
                let value = AddressPool(
                    location: "l\(location)", name: "p\(pool)", addresses: addresses(texts))
                cloud.pools[value.id] = value
            }
            for server in 1...4 {
                let value = Server(
                    name: "l\(location)-s\(server)", location: "l\(location)", kind: .app,
                    addresses: addresses(["10.\(location).0.\(server)", "fd00:\(location)::\(server)"]))
                cloud.servers[value.name] = value
            }
        }
        for number in 0..<Int.random(in: 1...3, using: &random) {
            let type = try type(
                "t\(number)",
                "type: t\(number)\ngateway:\n"
                    + (0...Int.random(in: 0...1, using: &random)).map { section in
                        sectionLine(number: number, section: section, using: &random)
                    }.joined())
            cloud.types[type.name] = type
            for (index, server) in cloud.servers.keys.sorted().enumerated() where random.next() % 2 == 0 {
                let service = ServiceInstance(
                    type: type.name, index: index + 1, server: server,
                    state: ServiceState.allCases.randomElement(using: &random) ?? .ready,
                    weight: random.next() % 2 == 0 ? Int.random(in: 0...65_535, using: &random) : nil)
                cloud.services[service.name] = service
            }
        }
        install(&cloud, using: &random)
        if random.next() % 2 == 0 { addOddAddress(to: &cloud, using: &random) }
        if random.next() % 2 == 0 { addEgress(to: &cloud, using: &random) }
        return cloud
    }

    /// Egress rules of both locations; a few have networks that overlap, or of a family that their pool lacks.
    private static func addEgress(to cloud: inout Cloud, using random: inout SeededGenerator) {
        for location in cloud.locations.keys.sorted() {
            for number in 0..<Int.random(in: 0...3, using: &random) {
                let pool = "p\(Int.random(in: 0...2, using: &random))"
                let id = AddressPool.ID(location: location, name: pool)
                let families = random.next() % 16 == 0 ? AddressFamily.allCases : cloud.pools[id]?.families ?? []
                let first = random.next() % 16 == 0 ? 0 : number * 10
                var (sources, exceptions): ([String], [String]) = ([], [])
                for family in families {
                    let networks = (first...(first + Int.random(in: 0...4, using: &random))).shuffled(using: &random)
                    sources += networks.map { family == .ipv4 ? "10.\(100 + $0).0.0/16" : "fd00:e\($0)::/48" }
                    let all =
                        family == .ipv4 ? ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/1"] : ["fd00::/8", "fd00:1::1/128"]
                    exceptions += all.filter { _ in random.next() % 2 == 0 }
                }
                let rule = Egress(
                    location: location, name: "e\(number)", pool: pool,
                    sources: sources.compactMap { AddressPrefix($0) },
                    exceptions: exceptions.compactMap { AddressPrefix($0) })
                cloud.egress[rule.id] = rule
            }
        }
    }

    /// Gives some services a version, and some servers drives.
    private static func install(_ cloud: inout Cloud, using random: inout SeededGenerator) {
        for name in cloud.servers.keys.sorted() where random.next() % 3 == 0 {
            cloud.servers[name]?.drives = ["d1": "/mnt/d1", "d2": "/mnt/d2"]
        }
        for name in cloud.services.keys.sorted() where random.next() % 3 == 0 {
            let digest = String(repeating: ["0a", "f1"].randomElement(using: &random) ?? "0a", count: 32)
            let version =
                random.next() % 2 == 0
                ? VersionReference.manifest(digest) : .named("1.5.0", variant: random.next() % 2 == 0 ? "debug" : nil)
            cloud.services[name]?.installation = Installation(
                version: version, digest: digest,
                desired: DesiredRun.allCases.randomElement(using: &random) ?? .running,
                isStarting: random.next() % 4 == 0)
        }
    }

    private static func addresses(_ texts: [String]) -> [IPAddress] { texts.compactMap { IPAddress($0) } }

    private static func type(_ name: String, _ source: String) throws -> ServiceType {
        ServiceType(source: source, configuration: try MetaConfiguration.loadOne(source, file: "\(name).yaml"))
    }

    /// Gives a pool or a server one more address, from the corners of the address space.
    private static func addOddAddress(to cloud: inout Cloud, using random: inout SeededGenerator) {
        let corners = [
            "0.0.0.0", "0.0.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1",
            "::198.51.100.9", "::ffff:198.51.100.9", "::ffff:0:0", "::fffe:0:1", "64:ff9b::198.51.100.9", "fc00::1",
            "fe80::1", "febf::1", "fec0::1", "feff::1", "ff02::1", "2002:c633:6409::1",
        ]
        guard let address = corners.randomElement(using: &random).flatMap({ IPAddress($0) }) else { return }
        if random.next() % 2 == 0, let id = cloud.pools.keys.sorted().randomElement(using: &random) {
            let addresses = cloud.pools[id]?.addresses ?? []
            cloud.pools[id] = AddressPool(location: id.location, name: id.name, addresses: addresses + [address])
        } else if let name = cloud.servers.keys.sorted().randomElement(using: &random),
            let server = cloud.servers[name]
        {
            let others = server.addresses.filter { $0.family != address.family }
            cloud.servers[name]?.addresses = (others + [address]).sorted()
        }
    }

    private static func sectionLine(number: Int, section: Int, using random: inout SeededGenerator) -> String {
        let base = 1000 + number * 2000 + section * 1000 + Int.random(in: 0...300, using: &random)
        let pool = Int.random(in: 0...2, using: &random)
        var line = "  - {name: s\(section), address: p\(pool), "
        if random.next() % 2 == 0 {
            let protocols = ["tcp", "udp", "[tcp, udp]", "[sctp]"].randomElement(using: &random) ?? "tcp"
            line += "fwm: {ports: [\(base)-\(base + 500), \(base + 600)], protocols: \(protocols)}"
            line += ", persistence: \(random.next() % 2 * 300)"
            line += ["", ", max-connections: 2147483647"].randomElement(using: &random) ?? ""
            line += RandomOptions.text(.mark(protocols: protocols), using: &random)
            line += ["", ", drain: 0", ", drain: 604800"].randomElement(using: &random) ?? ""
        } else {
            let method = ["masq", "dnat", "direct", "tunnel"].randomElement(using: &random) ?? "masq"
            let isFixed = method == "direct" || method == "tunnel"
            line +=
                "ports: {\(base): \(isFixed ? base : 80), \(base + 1): \(isFixed ? base + 1 : 80)}, method: \(method)"
            line += ", protocol: \(["tcp", "[udp, tcp]"].randomElement(using: &random) ?? "tcp")"
            line += RandomOptions.text(method == "dnat" ? .single : .ports, using: &random)
        }
        let from = ["", "", ", from: [203.0.113.0/24, 2001:db8:ff::/48, 203.0.113.9]", ", from: 203.0.113.0/25"]
        line += from.randomElement(using: &random) ?? ""
        return line + "}\n"
    }
}
