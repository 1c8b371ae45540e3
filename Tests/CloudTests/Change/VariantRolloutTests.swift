import Names
import Rollouts
import Testing

@testable import Cloud

/// Rollouts of instances that have another variant than the main one.
@Suite("Variants in rollouts") struct VariantRolloutTests {
    private static let old = String(repeating: "0a", count: 32)
    private static let oldDebug = String(repeating: "0d", count: 32)
    private static let new = String(repeating: "1b", count: 32)
    private static let newDebug = String(repeating: "1d", count: 32)
    private static let time = "2026-11-29T10:00:00.000Z"
    private static let newVariants = [
        "debug": RolloutVariant(version: .named("1.6.0", variant: "debug"), manifest: newDebug)
    ]

    /// pgw.1 and pgw.3 with 1.5.0, pgw.2 with 1.5.0/debug.
    private static func cloud() throws -> Cloud {
        var cloud = try TestCloud.seed()
        for name in ["pgw.1", "pgw.3"] {
            cloud.services[name]?.installation = Installation(version: .named("1.5.0", variant: nil), digest: old)
        }
        cloud.services["pgw.2"]?.installation = Installation(
            version: .named("1.5.0", variant: "debug"), digest: oldDebug)
        return cloud
    }

    private static func request(
        _ version: VersionReference = .named("1.6.0", variant: nil), _ digest: String = new,
        variants: [String: RolloutVariant] = newVariants, seen: [String: String] = [:], _ services: [String] = [],
        running: Set<String> = []
    ) -> RolloutRequest {
        RolloutRequest(
            type: "pgw", version: version, digest: digest, variants: variants, seen: seen, services: services,
            running: running, policy: RolloutPolicy(bake: 0), createdBy: "ops", createdAt: time)
    }

    /// Goes on to the end; what is to have the version `failing` fails.
    private static func run(_ cloud: inout Cloud, _ id: String, failing: String? = nil) throws {
        for now in 1...80 {
            var progress = try #require(cloud.rollouts[id]?.progress)
            guard !progress.isOver else { return }
            var seen = RolloutObservation(now: now)
            for instance in progress.instances {
                (seen.confirmations[instance.name], seen.connections[instance.name]) = (.confirmed, 0)
                seen.services[instance.name] = .init(
                    wanted: instance.version, version: instance.version,
                    state: instance.version == failing ? .failing("it ended by itself with status 3") : .running)
            }
            for job in progress.jobs { seen.jobs[job] = .succeeded }
            progress.observe(seen)
            cloud.follow(progress, of: id, clock: now, generation: 7 + now, at: time)
        }
    }

    private static func begin(_ cloud: inout Cloud, _ request: RolloutRequest) throws -> String {
        guard case .begun(let id) = try cloud.begin(request) else { throw NotBegun() }
        return id
    }

    private struct NotBegun: Error {}

    private static func versions(_ cloud: Cloud) -> [String] {
        ["pgw.1", "pgw.2", "pgw.3"].map { cloud.services[$0]?.installation.map { "\($0.version)" } ?? "-" }
    }

    @Test("an instance keeps its variant where the new version has it")
    func kept() throws {
        var cloud = try Self.cloud()
        let before = cloud
        let id = try Self.begin(&cloud, Self.request())
        #expect(cloud.warnings(about: CloudDifference(from: before, to: cloud), since: before).isEmpty)
        #expect(try cloud.begin(Self.request()) == .underWay(rollout: id))
        // Both versions are needed.
        let rollout = try #require(cloud.rollouts[id])
        #expect([Self.new, Self.newDebug, Self.old, Self.oldDebug].allSatisfy(rollout.needs))
        try Self.run(&cloud, id)
        #expect(Self.versions(cloud) == ["1.6.0", "1.6.0/debug", "1.6.0"])
        #expect(cloud.services["pgw.2"]?.installation?.digest == Self.newDebug)
        #expect(cloud.rollouts[id]?.mark == .good)
        #expect(cloud.rollouts[id]?.progress.broughtVersions == [Self.new, Self.newDebug])
        #expect(try cloud.begin(Self.request(running: ["pgw.1", "pgw.2", "pgw.3"])) == .upToDate(3))
        try cloud.order(.revert, rollout: id, clock: 100, generation: 200, at: Self.time)
        try Self.run(&cloud, id)
        #expect(Self.versions(cloud) == ["1.5.0", "1.5.0/debug", "1.5.0"])
    }

    @Test("an instance leaves its variant where the new version has none of that name, and is named")
    func left() throws {
        var cloud = try Self.cloud()
        let before = cloud
        let id = try Self.begin(&cloud, Self.request(variants: [:]))
        #expect(
            cloud.warnings(about: CloudDifference(from: before, to: cloud), since: before).map(\.message) == [
                "pgw.2 leaves its variant: it has 1.5.0/debug, and gets 1.6.0"
            ])
        try Self.run(&cloud, id)
        #expect(Self.versions(cloud) == ["1.6.0", "1.6.0", "1.6.0"])
    }

    @Test("the variant that fails is quarantined, and not the version beside it")
    func blame() throws {
        var cloud = try Self.cloud()
        var id = try Self.begin(
            &cloud, Self.request(.named("1.6.0", variant: nil), variants: Self.newVariants, ["pgw.2"]))
        try Self.run(&cloud, id, failing: Self.newDebug)
        #expect(cloud.rollouts[id]?.quarantinedVersion == Self.newDebug)
        #expect(cloud.notices.last?.text.contains("portcullis versions mark pgw 1.6.0/debug untested") == true)
        #expect(Self.versions(cloud) == ["1.5.0", "1.5.0/debug", "1.5.0"])
        id = try Self.begin(&cloud, Self.request())
        try Self.run(&cloud, id, failing: Self.new)
        #expect(cloud.rollouts[id]?.quarantinedVersion == Self.new)
    }

    @Test("one instance goes to a variant and comes back; neither way blames the version that the others run")
    func oneInstance() throws {
        var cloud = try Self.cloud()
        let debug = Self.request(
            .named("1.5.0", variant: "debug"), Self.oldDebug, variants: [:], seen: ["pgw.1": Self.old], ["pgw.1"])
        let id = try Self.begin(&cloud, debug)
        try Self.run(&cloud, id, failing: Self.oldDebug)
        #expect(cloud.rollouts[id]?.quarantinedVersion == Self.oldDebug)
        #expect(Self.versions(cloud) == ["1.5.0", "1.5.0/debug", "1.5.0"])
        let release = Self.request(
            .named("1.5.0", variant: nil), Self.old, variants: [:], seen: ["pgw.2": Self.oldDebug], ["pgw.2"])
        let back = try Self.begin(&cloud, release)
        let before = cloud
        try Self.run(&cloud, back, failing: Self.old)
        let failed = try #require(cloud.rollouts[back])
        #expect(failed.progress.hasVersionFailed && failed.quarantinedVersion == nil && failed.mark == nil)
        #expect(cloud.notices.last?.text.contains("keeps its mark: it is what other instances run") == true)
        cloud = before
        try Self.run(&cloud, back)
        #expect(Self.versions(cloud) == ["1.5.0", "1.5.0", "1.5.0"])
        // Somebody else was faster.
        let error = #expect(throws: ChangeError.self) {
            try cloud.begin(
                Self.request(
                    .named("1.6.0", variant: "debug"), Self.newDebug, variants: [:], seen: ["pgw.1": Self.new],
                    ["pgw.1"]))
        }
        #expect(error.map { "\($0)".contains("pgw.1 was given another version at this moment") } == true)
    }

    @Test("a service that ADMIN adds gets a main variant as long as one runs")
    func sibling() throws {
        var cloud = try Self.cloud()
        let debug = cloud.services["pgw.2"]?.installation
        cloud.services["pgw.1"]?.installation = debug
        func given() -> VersionReference? {
            let siblings = Array(cloud.services.values.filter { $0.type == "pgw" })
            guard case .version(let installation) = cloud.installation(besides: siblings, [:]) else { return nil }
            return installation.version
        }
        #expect(given() == .named("1.5.0", variant: nil))
        cloud.services["pgw.3"] = nil
        #expect(given() == .named("1.5.0", variant: "debug"))
    }
}
