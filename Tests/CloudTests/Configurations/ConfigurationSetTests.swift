import CombinedConfiguration
import Names
import NetworkTypes
import TestSupport
import Testing

@testable import Cloud

@Suite("Configurations of a cloud, change by change") struct ConfigurationSetTests {
    @Test("after any change they are what they would be from the beginning", arguments: UInt64(1)...12)
    func incremental(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var cloud = Cloud(
            locations: [Location(name: "l0"), Location(name: "l1")],
            servers: (0..<4).map {
                Server(
                    name: "s\($0)", location: "l\($0 % 2)", kind: .app,
                    addresses: TestCloud.addresses(["10.0.9.\($0 + 1)"]))
            })
        var set = ConfigurationSet(of: cloud)
        var combined = 0
        for step in 0..<120 {
            var next = cloud
            try Self.edit(&next, using: &random)
            set = set.updated(CloudDifference(from: cloud, to: next), from: cloud, to: next)
            cloud = next
            combined += set.digests.count
            let fresh = ConfigurationSet(of: cloud)
            #expect(set.digests == fresh.digests, "step \(step)")
            #expect(set.faults == fresh.faults, "step \(step)")
            #expect(set.templates == fresh.templates, "step \(step)")
        }
        #expect(combined > 0)
    }

    /// A type with one block, of which a hundred services run.
    private static func many(_ block: String) throws -> Cloud {
        let type = try TestCloud.type("type: t\nrequire-index: true\nconfig:\n  - sort-order: 0\n    values:\n\(block)")
        return Cloud(
            locations: [Location(name: "l")],
            servers: [
                Server(name: "s", location: "l", kind: .app, addresses: TestCloud.addresses(["10.0.0.1"]))
            ], types: [type], services: (1...250).map { ServiceInstance(type: "t", index: $0, server: "s") })
    }

    @Test("a report that would have too many lines names the services beyond, and still every one of them")
    func reportRoom() throws {
        let cloud = try Self.many("      a: old ${service.name}\n      b: old ${service.name}\n")
        let next = try Self.many("      a: new ${service.name}\n      b: new ${service.name}\n")
        let set = ConfigurationSet(of: cloud)
        let updated = set.updated(CloudDifference(from: cloud, to: next), from: cloud, to: next)
        #expect(ServiceConfigurationChange.changes(from: cloud, set, to: next, updated).count == 250)
        for room in [ServiceConfigurationChange.Room(lines: 21), ServiceConfigurationChange.Room(values: 20)] {
            let changes = ServiceConfigurationChange.changes(from: cloud, set, to: next, updated, room: room)
            #expect(changes.count == 11)
            #expect(changes.dropLast().allSatisfy { $0.lines.count == 2 && !$0.isOmitted })
            #expect(changes.last?.lines == [] && changes.last?.isOmitted == true)
            #expect(Set(changes.flatMap(\.services)).count == 250)
        }
    }

    @Test("of many services with faults some are told at once, and any when it is asked for")
    func manyFaults() throws {
        let cloud = try Self.many("      a: ${service.name}\n")
        let next = try Self.many("      a: ${location.nowhere}${service.name}\n")
        let set = ConfigurationSet(of: cloud)
        let faulty = set.updated(CloudDifference(from: cloud, to: next), from: cloud, to: next)
        #expect(faulty.digests.isEmpty && faulty.faults.count == 250)
        #expect(faulty.faults.values.count { !$0.isEmpty } == 100)
        let directory = faulty.directory(of: next)
        #expect(next.services.keys.allSatisfy { faulty.faults(of: $0, directory).count == 1 })
        #expect(!faulty.contradictions(since: set, cloud: next, files: []).isEmpty)
        // Those that had faults before hide no new ones.
        var more = next
        more.types["u"] = try TestCloud.type(
            "type: u\nrequire-index: true\nconfig:\n  - sort-order: 0\n    values:\n      a: ${location.nowhere}\n")
        more.services["u.1"] = ServiceInstance(type: "u", index: 1, server: "s")
        more.services["t.999"] = ServiceInstance(type: "t", index: 999, server: "s")
        let last = faulty.updated(CloudDifference(from: next, to: more), from: next, to: more)
        #expect(last.faults["u.1"]?.isEmpty == false && last.faults["t.999"]?.isEmpty == false)
    }

    /// One change at random: a type, a server, a pool, a service, a secret.
    private static func edit(_ cloud: inout Cloud, using random: inout SeededGenerator) throws {
        let number = Int.random(in: 0..<4, using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: cloud.types["t\(number)"] = try type(number, using: &random)
        case 1:
            let name = "t\(number)"
            guard !cloud.services.values.contains(where: { $0.type == name }) else { return }
            cloud.types[name] = nil
        case 2:
            cloud.servers["s\(number)"] = Server(
                name: "s\(number)", location: "l\(random.next() % 2)", kind: .app,
                addresses: TestCloud.addresses(
                    random.next() % 2 == 0
                        ? ["10.0.\(random.next() % 3).\(number + 1)", "fd00::\(number + 1)"] : ["fd00::\(number + 1)"]))
        case 3:
            let pool = AddressPool(
                location: "l\(random.next() % 2)", name: "p",
                addresses: TestCloud.addresses(["198.51.100.\(random.next() % 9 + 1)"]))
            cloud.pools[pool.id] = random.next() % 3 == 0 ? nil : pool
        case 4:
            let revision = (cloud.secrets["s"]?.revision ?? 0) + 1
            cloud.secrets["s"] = SealedSecret(
                name: "s", revision: revision, sealed: [], stamp: [], changedBy: "t", changedAt: "")
        default:
            let index = Int.random(in: 1...2, using: &random)
            let server = "s\(Int.random(in: 0..<4, using: &random))"
            guard let type = cloud.types["t\(number)"], !type.configuration.isFake, cloud.servers[server] != nil
            else { return }
            let service = ServiceInstance(type: type.name, index: index, server: server)
            cloud.services[service.name] = random.next() % 3 == 0 ? nil : service
        }
    }

    private static func type(_ number: Int, using random: inout SeededGenerator) throws -> ServiceType {
        let isFake = number == 3
        let other = Int.random(in: 0..<4, using: &random)
        let values =
            [
                "a: ${service.name}", "h: text", "b: ${services.t\(other).addresses}", "c: ${location.p:-none}",
                "d: ${location.p}",
                "e: !secret s", "f: ${server.address}", "g: ${app-index:-0}", "h: 1",
            ].filter { _ in random.next() % 3 == 0 } + ["z: \(random.next() % 3)"]
        let unique = Dictionary(values.map { ($0.prefix(1), $0) }) { first, _ in first }.values.sorted()
        let target =
            isFake ? "common" : ["common", "t\(number)", "[t\(number), t\(other)]"].randomElement(using: &random)
        return try TestCloud.type(
            """
            type: t\(number)
            \(isFake ? "fake: true" : "require-index: \(random.next() % 2 == 0)")
            config:
              - sort-order: \(random.next() % 5)
                for: \(target == "[t\(number), t\(number)]" ? "t\(number)" : target ?? "common")
                values:
            \(unique.map { "      " + $0 }.joined(separator: "\n"))

            """)
    }
}
