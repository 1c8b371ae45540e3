import NetworkTypes
import Testing
import YAML

@testable import Cloud

@Suite struct FirewallMarkTests {
    @Test("marks go to sections in the order of names and stay, whatever comes later")
    func stable() throws {
        var cloud = Cloud(types: [try type("m"), try type("t")])
        cloud.marks = try cloud.allocatingMarks()
        #expect(marks(cloud) == ["m/s": 256, "t/s": 257])
        cloud.types["a"] = try type("a")
        cloud.marks = try cloud.allocatingMarks()
        #expect(marks(cloud) == ["a/s": 258, "m/s": 256, "t/s": 257])
        cloud.types["m"] = nil
        cloud.marks = try cloud.allocatingMarks()
        #expect(marks(cloud) == ["a/s": 258, "m/s": 256, "t/s": 257])
        cloud.types["n"] = try type("n")
        cloud.types["m"] = try type("m")
        cloud.marks = try cloud.allocatingMarks()
        #expect(marks(cloud) == ["a/s": 258, "m/s": 256, "n/s": 259, "t/s": 257])
    }

    @Test("an explicit mark is kept free for its section and takes it from one that is gone")
    func explicit() throws {
        var cloud = Cloud(types: [try type("a"), try type("z", mark: 256)])
        cloud.marks = try cloud.allocatingMarks()
        #expect(marks(cloud) == ["a/s": 257, "z/s": 256])
        cloud.types["a"] = nil
        cloud.types["y"] = try type("y", mark: 257)
        cloud.marks = try cloud.allocatingMarks()
        #expect(marks(cloud) == ["y/s": 257, "z/s": 256])
    }

    @Test("when all marks are taken, sections that are gone give theirs; then there is an error")
    func exhausted() throws {
        var cloud = Cloud(types: [try type("new")])
        for mark in FirewallMarkSection.marks {
            cloud.marks[MarkID(SectionID(type: "old", section: "s\(mark)"))] = mark
        }
        let allocated = try cloud.allocatingMarks()
        #expect(allocated[MarkID(SectionID(type: "new", section: "s"))] != nil)
        #expect(Set(allocated.values).count == allocated.count)
        cloud.marks = [:]
        let used = FirewallMarkSection.marks.map { MarkID(SectionID(type: "old", section: "s\($0)")) }
        var configuration = try type("old").configuration
        let section = try #require(configuration.gateway.first)
        configuration.gateway = used.map { id in
            var copy = section
            copy.name = id.section.section
            return copy
        }
        cloud.types["old"] = ServiceType(source: "", configuration: configuration)
        for (id, mark) in zip(used, FirewallMarkSection.marks) { cloud.marks[id] = mark }
        let error = #expect(throws: FirewallMarksExhausted.self) { try cloud.allocatingMarks() }
        #expect(error?.description == "no firewall mark is left for new/s: all of 256 to 65535 are in use")
    }

    @Test(
        "UDP beside another protocol has a mark of its own, unless persistence or an explicit mark ties them together")
    func datagrams() throws {
        func wishes(_ fwm: String, _ rest: String = "") throws -> [String] {
            let type = try TestCloud.type(
                "type: t\ngateway:\n  - {name: s, address: p, fwm: {ports: 5000-5001, \(fwm)}\(rest)}\n")
            return try Cloud(types: [type]).allocatingMarks().sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        }
        #expect(try wishes("protocols: [tcp, udp]") == ["t/s 256", "t/s udp 257"])
        #expect(try wishes("protocols: [tcp, udp, sctp]") == ["t/s 256", "t/s udp 257"])
        #expect(try wishes("protocols: [tcp, sctp]") == ["t/s 256"])
        #expect(try wishes("protocols: udp") == ["t/s 256"])
        #expect(try wishes("protocols: [tcp, udp]", ", persistence: 300") == ["t/s 256"])
        #expect(try wishes("protocols: [tcp, udp], mark: 300") == ["t/s 300"])
        #expect(try wishes("protocols: [tcp, udp], mark: 300, udp-mark: 301") == ["t/s 300", "t/s udp 301"])
        #expect(try wishes("protocols: [tcp, udp], udp-mark: 256") == ["t/s 257", "t/s udp 256"])
    }

    @Test(
        "UDP gets its mark beside the section's, which stays, and has the same one again after a time with persistence")
    func datagramsStay() throws {
        func type(_ protocols: String, persistence: Int = 0) throws -> ServiceType {
            try TestCloud.type(
                "type: t\ngateway:\n  - {name: s, address: p, fwm: {ports: 5000-5001, protocols: [\(protocols)]}, "
                    + "persistence: \(persistence)}\n")
        }
        var cloud = Cloud(types: [try type("tcp")])
        for (next, expected) in [
            (try type("tcp"), ["t/s": UInt32(256)]), (try type("tcp, udp"), ["t/s": 256, "t/s udp": 257]),
            (try type("tcp, udp", persistence: 60), ["t/s": 256, "t/s udp": 257]),
            (try type("udp"), ["t/s": 256, "t/s udp": 257]), (try type("tcp, udp"), ["t/s": 256, "t/s udp": 257]),
        ] {
            cloud.types["t"] = next
            cloud.marks = try cloud.allocatingMarks()
            #expect(marks(cloud) == expected)
        }
        cloud.types["t"] = try type("tcp, udp", persistence: 60)
        #expect(cloud.markedSections.map(\.description) == ["t/s"])
    }

    @Test(
        "a mark for UDP that it cannot have is an error with its place",
        arguments: [
            ("protocols: udp, udp-mark: 300", "is for UDP beside another protocol"),
            ("protocols: [tcp, sctp], udp-mark: 300", "is for UDP beside another protocol"),
            ("protocols: [tcp, udp], mark: 300, udp-mark: 300", "UDP needs a mark of its own"),
            ("protocols: [tcp, udp], udp-mark: 255", "255"),
        ])
    func badDatagramMark(fwm: String, message: String) {
        let error = #expect(throws: YAMLErrors.self) {
            try TestCloud.type("type: t\ngateway:\n  - {name: s, address: p, fwm: {ports: 5000-5001, \(fwm)}}\n")
        }
        #expect(error?.errors.map { $0.message.contains(message) && $0.position.line == 3 } == [true])
    }

    private func marks(_ cloud: Cloud) -> [String: UInt32] {
        Dictionary(cloud.marks.map { ($0.key.description, $0.value) }) { first, _ in first }
    }

    private func type(_ name: String, mark: Int? = nil) throws -> ServiceType {
        let mark = mark.map { ", mark: \($0)" } ?? ""
        return try TestCloud.type(
            "type: \(name)\ngateway:\n  - {name: s, address: p, fwm: {ports: 5000-5001\(mark)}}\n")
    }
}
