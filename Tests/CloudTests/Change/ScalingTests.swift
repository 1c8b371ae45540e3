import CloudTestSupport
import Names
import TestSupport
import Testing

@testable import Cloud

@Suite("How many services a type has") struct ScalingTests {
    private func cloud() throws -> Cloud {
        var cloud = try TestCloud.seed()
        cloud.types["job"] = try TestCloud.type("type: job\n")
        return cloud
    }

    @Test("more get the lowest free indexes and the servers with the fewest")
    func more() throws {
        var cloud = try cloud()
        cloud.services["job.2"] = ServiceInstance(type: "job", index: 2, server: "app4")
        let scaling = try cloud.scaling("job", to: 4, at: nil)
        #expect(scaling.removed.isEmpty)
        #expect(scaling.added.map(\.name) == ["job.1", "job.3", "job.4"])
        #expect(scaling.added.map(\.server) == ["app1", "app3", "hel-app1"])
    }

    @Test("more get the version that the most of the others run, and no drive of theirs")
    func version() throws {
        var cloud = try cloud()
        let versions = ["1.0.0": "a", "1.1.0": "b"].mapValues { String(repeating: $0, count: 64) }
        for (index, name, desired) in [
            (2, "1.1.0", DesiredRun.running), (3, "1.0.0", .running), (5, "1.0.0", .stopped),
        ] {
            cloud.services["job.\(index)"] = ServiceInstance(
                type: "job", index: index, server: "app\(index)",
                installation: Installation(
                    version: .named(name, variant: nil), digest: versions[name] ?? "", desired: desired, drive: "d1"))
        }
        let added = try cloud.scaling("job", to: 4, at: nil).added
        #expect(added.map(\.installation?.version) == [.named("1.1.0", variant: nil)])
        #expect(added[0].installation?.digest == versions["1.1.0"] && added[0].installation?.drive == nil)
        cloud.services["job.5"]?.installation?.desired = .running
        #expect(try cloud.scaling("job", to: 4, at: nil).added.map(\.installation?.digest) == [versions["1.0.0"]])
    }

    @Test("no version that is quarantined is copied: the newest good one of the others, or an error")
    func quarantined() throws {
        var cloud = try cloud()
        let digests = ["1.0.0": "a", "1.1.0": "b", "1.2.0": "c", "1.3.0": "d"].mapValues {
            String(repeating: $0, count: 64)
        }
        for (index, name) in ["1.0.0", "1.3.0", "1.3.0", "1.1.0", "1.2.0"].enumerated() {
            cloud.services["job.\(index + 1)"] = ServiceInstance(
                type: "job", index: index + 1, server: "app1",
                installation: Installation(version: .named(name, variant: nil), digest: digests[name] ?? ""))
        }
        func copied(_ marks: [String: (isGood: Bool, refusal: String?)]) throws -> VersionReference? {
            let versions = digests.reduce(into: [String: SiblingVersion]()) { versions, entry in
                let mark = marks[entry.key] ?? (false, nil)
                versions[entry.value] = SiblingVersion(
                    isGood: mark.isGood, refusal: mark.refusal, createdAt: "2026-11-29T10:0\(entry.key)Z")
            }
            return try cloud.scaling("job", to: 6, at: nil, versions).added[0].installation?.version
        }
        let refused = (isGood: false, refusal: String?.some("it is quarantined"))
        #expect(try copied([:]) == .named("1.3.0", variant: nil))
        #expect(try copied(["1.2.0": refused]) == .named("1.3.0", variant: nil))
        #expect(try copied(["1.3.0": refused]) == .named("1.2.0", variant: nil))
        #expect(
            try copied(["1.3.0": refused, "1.0.0": (true, nil), "1.1.0": (true, nil)]) == .named("1.1.0", variant: nil))
        let error = #expect(throws: ChangeError.self) { try copied(digests.mapValues { _ in refused }) }
        #expect(
            error.map { "\($0)" }?.hasPrefix(
                "#/count: no version that services of the type job have may be given to another: it is quarantined")
                == true)
    }

    @Test("those with the highest indexes go, at a location only those there")
    func fewer() throws {
        let cloud = try cloud()
        #expect(try cloud.scaling("pgw", to: 1, at: nil) == Scaling(removed: ["pgw.2", "pgw.3"]))
        #expect(try cloud.scaling("pgw", to: 1, at: "tcn") == Scaling(removed: ["pgw.2"]))
        #expect(try cloud.scaling("pgw", to: 3, at: nil) == Scaling())
        #expect(try cloud.scaling("job", to: 0, at: "hel") == Scaling())
    }

    @Test("indexes that other locations have are not free")
    func otherLocation() throws {
        let scaling = try cloud().scaling("pgw", to: 4, at: "tcn")
        #expect(scaling.added.map(\.name) == ["pgw.4", "pgw.5"] && scaling.added.map(\.server) == ["app4", "app3"])
    }

    @Test("too few servers are an error that says how many there can be")
    func tooMany() throws {
        let cloud = try cloud()
        do {
            _ = try cloud.scaling("pgw", to: 9, at: nil)
            Issue.record("there are too few servers")
        } catch ChangeError.noServer(let text, let faults) {
            #expect(text == "no server can take another service of pgw: there are 3, and at most 2 can be added")
            #expect(
                faults == [
                    Fault(place: "#/count", detail: "app1, app2, app3 and 2 more: a service of pgw is there already")
                ])
        }
        #expect(throws: ChangeError.missing("type nope")) { try cloud.scaling("nope", to: 1, at: nil) }
        #expect(throws: ChangeError.self) { try cloud.scaling("pgw", to: 1, at: "nope") }
    }

    @Test("in random clouds the number is what was asked for, and nothing else changes")
    func random() throws {
        var random = SeededGenerator(seed: 815)
        for _ in 0..<300 {
            let cloud = try RandomCloud.make(using: &random)
            for type in cloud.types.keys.sorted() {
                let location = [nil, "l0", "l1"].randomElement(using: &random) ?? nil
                let count = Int.random(in: 0...9, using: &random)
                guard let scaling = try? cloud.scaling(type, to: count, at: location) else { continue }
                var after = cloud
                after.apply(scaling)
                let counted = after.services.values.filter { service in
                    service.type == type
                        && (location.map { after.servers[service.server]?.location == $0 } ?? true)
                }
                #expect(counted.count == count)
                let touched = Set(scaling.names)
                #expect(touched.count == scaling.names.count)
                #expect(
                    after.services.filter { !touched.contains($0.key) }
                        == cloud.services.filter { !touched.contains($0.key) })
            }
        }
    }
}
