import NetworkTypes
import Testing

@testable import Admin

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
        for mark in FirewallMarkSection.marks { cloud.marks[SectionID(type: "old", section: "s\(mark)")] = mark }
        let allocated = try cloud.allocatingMarks()
        #expect(allocated[SectionID(type: "new", section: "s")] != nil)
        #expect(Set(allocated.values).count == allocated.count)
        cloud.marks = [:]
        let used = FirewallMarkSection.marks.map { SectionID(type: "old", section: "s\($0)") }
        var configuration = try type("old").configuration
        let section = try #require(configuration.gateway.first)
        configuration.gateway = used.map { id in
            var copy = section
            copy.name = id.section
            return copy
        }
        cloud.types["old"] = ServiceType(source: "", configuration: configuration)
        for (id, mark) in zip(used, FirewallMarkSection.marks) { cloud.marks[id] = mark }
        let error = #expect(throws: FirewallMarksExhausted.self) { try cloud.allocatingMarks() }
        #expect(error?.description == "no firewall mark is left for new/s: all of 256 to 65535 are in use")
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
