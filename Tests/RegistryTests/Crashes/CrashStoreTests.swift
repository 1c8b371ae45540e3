import AdminAPI
import Cloud
import Foundation
import Names
import NetworkTypes
import RegistryTestSupport
import TestSupport
import Testing
import Versions

@testable import Registry

/// Crash reports, on each engine.
@Suite("Crash reports that are kept") struct CrashStoreTests {
    enum Engine: CaseIterable { case sqlite, memory }

    /// A registry with tg.1 and tg.2 on app1 and pgw.1 on app2, whose clock stands at 2027-01-15T08:00:00Z.
    private func withRegistry(
        _ engine: Engine, _ body: (Registry, TestClock) async throws -> Void
    ) async throws {
        let clock = TestClock()
        switch engine {
        case .memory:
            let registry = Registry(store: InMemoryStore(), now: clock.now, uptime: clock.uptime)
            try await Self.seed(registry)
            try await body(registry, clock)
        case .sqlite:
            try await withTemporaryFolder { folder in
                let registry = try Registry(
                    path: folder.appending(path: "registry.sqlite").path, now: clock.now, uptime: clock.uptime)
                try await Self.seed(registry)
                try await body(registry, clock)
            }
        }
    }

    private static func seed(_ registry: Registry) async throws {
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
            cloud.locations["tcn"] = Location(name: "tcn")
            for number in 1...2 {
                cloud.servers["app\(number)"] = Server(
                    name: "app\(number)", location: "tcn", kind: .app,
                    addresses: [try #require(IPAddress("10.1.0.\(number)"))])
            }
            for type in ["tg", "pgw"] {
                cloud.types[type] = try ServiceType.read(source: "type: \(type)\n", name: type)
            }
            for (type, index, server) in [("tg", 1, "app1"), ("tg", 2, "app1"), ("pgw", 1, "app2")] {
                cloud.services["\(type).\(index)"] = ServiceInstance(type: type, index: index, server: server)
            }
        }
    }

    private static func notices(_ registry: Registry) async throws -> [String] {
        try await registry.store.notices().map(\.notice.title)
    }

    @Test(
        "the same report again is kept once; one with the id of another server's is refused", arguments: Engine.allCases
    )
    func twice(engine: Engine) async throws {
        try await withRegistry(engine) { registry, _ in
            let report = CrashReport.sample(1, text: "a\u{0}b\u{1b}\n")
            let first = try await registry.keep(report, from: "app1", by: "server.app1")
            #expect(first == CrashReceipt(fingerprint: report.fingerprint, isNew: true))
            var again = report
            again.text = "other"
            let second = try await registry.keep(again, from: "app1", by: "server.app1")
            #expect(second == CrashReceipt(fingerprint: report.fingerprint, isNew: false))
            let detail = try await registry.crashGroup(report.fingerprint)
            #expect(detail.group.count == 1 && detail.group.function == "handle" && detail.reports.count == 1)
            #expect(detail.frames == report.frames)
            #expect(detail.reports[0].frames == nil && detail.reports[0].text == nil)
            let whole = try await registry.crash(report.id, in: report.fingerprint)
            #expect(whole.report == report && whole.server == "app1" && whole.type == "tg")
            var strange = report
            strange.service = "pgw.1"
            await #expect(throws: Registry.CrashError.strangeID) {
                try await registry.keep(strange, from: "app2", by: "server.app2")
            }
        }
    }

    @Test("a server reports crashes of services that it has or had, and of no others", arguments: Engine.allCases)
    func ownServices(engine: Engine) async throws {
        try await withRegistry(engine) { registry, _ in
            for (service, server) in [("pgw.1", "app1"), ("tg.9", "app1"), ("tg.1", "app2")] {
                await #expect(throws: Registry.CrashError.strangeService) {
                    try await registry.keep(.sample(1, service: service), from: server, by: "x")
                }
            }
            await #expect(throws: ChangeError.missing("server app9")) {
                try await registry.keep(.sample(1), from: "app9", by: "x")
            }
            // What was installed leaves something behind, for as long as that is there.
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.services["tg.1"]?.installation = Installation(
                    version: .named("1.0", variant: nil), digest: String(repeating: "0a", count: 32))
            }
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.services["tg.1"] = nil }
            _ = try await registry.keep(.sample(1), from: "app1", by: "server.app1")
        }
    }

    @Test(
        "crashes are counted by service, server and version, and filters choose among them", arguments: Engine.allCases)
    func counts(engine: Engine) async throws {
        try await withRegistry(engine) { registry, clock in
            let reports = [
                (CrashReport.sample(1, at: "2027-01-15T07:00:00Z"), "app1"),
                (.sample(2, service: "tg.2", at: "2027-01-15T07:10:00Z"), "app1"),
                (.sample(3, service: "pgw.1", at: "2027-01-15T07:20:00+01:00"), "app2"),
                (.sample(4, fault: 2, at: "2027-01-15T07:30:00Z"), "app1"),
            ]
            for (report, server) in reports { _ = try await registry.keep(report, from: server, by: "node") }
            func groups(_ filter: CrashFilter) async throws -> [String: Int] {
                try await registry.store.crashGroups(filter).reduce(into: [:]) {
                    $0[String($1.fingerprint.last!)] = $1.count
                }
            }
            #expect(try await groups(CrashFilter()) == ["1": 3, "2": 1])
            #expect(try await groups(CrashFilter(type: "tg")) == ["1": 2, "2": 1])
            #expect(try await groups(CrashFilter(service: "tg.1")) == ["1": 1, "2": 1])
            #expect(try await groups(CrashFilter(server: "app2")) == ["1": 1])
            #expect(try await groups(CrashFilter(type: "tg", server: "app2")) == [:])
            #expect(try await groups(CrashFilter(version: "1.0")) == [:])
            #expect(try await groups(CrashFilter(since: "2027-01-15T07:20:00.000Z")) == ["2": 1])
            let one = try await registry.crashGroup("0000000000000001").group
            #expect(one.services == 3 && one.servers == 2 && one.versions == 0)
            // The time of the third is an hour earlier in UTC.
            #expect(one.firstSeen == "2027-01-15T06:20:00.000Z" && one.lastSeen == "2027-01-15T07:10:00.000Z")
            #expect(one.lastService == "tg.2" && one.lastServer == "app1")
            _ = clock
        }
    }

    @Test("a crash of a time to come has come now", arguments: Engine.allCases)
    func future(engine: Engine) async throws {
        try await withRegistry(engine) { registry, _ in
            _ = try await registry.keep(.sample(1, at: "2099-01-01T00:00:00Z"), from: "app1", by: "node")
            let detail = try await registry.crashGroup("0000000000000001")
            #expect(detail.group.lastSeen == "2027-01-15T08:00:00.000Z")
            #expect(detail.reports[0].at == "2099-01-01T00:00:00.000Z")
        }
    }

    @Test("the version's name is kept, also when the version is gone later", arguments: Engine.allCases)
    func version(engine: Engine) async throws {
        try await withRegistry(engine) { registry, _ in
            try await withTemporaryFolder { folder in
                let sample = try SampleVersion(
                    .init(type: "tg", name: "1.5.0", variant: "debug"), ["x"], in: folder)
                let event = EventEntry(.create, .version, "tg 1.5.0/debug", by: "ops", at: "2027-01-15T07:00:00.000Z")
                let version = StoredVersion(sample.manifest, sample.digest, .init(), by: "ops", at: event.time)
                try await registry.store.addVersion(version, event)
                let digest = sample.digest.description
                _ = try await registry.keep(.sample(1, version: digest), from: "app1", by: "node")
                try await registry.store.removeVersion(version, event)
                let known = CrashVersion(digest: digest, name: "1.5.0", variant: "debug")
                let detail = try await registry.crashGroup("0000000000000001")
                #expect(detail.group.lastVersion == known && detail.group.versions == 1)
                #expect(detail.counts.map(\.version) == [known] && detail.reports[0].version == known)
                #expect(try await registry.store.crashGroups(CrashFilter(version: "1.5.0")).count == 1)
                #expect(try await registry.store.crashGroups(CrashFilter(version: "1.5.0/debug")).count == 1)
                #expect(try await registry.store.crashGroups(CrashFilter(version: "1.5.0/release")).isEmpty)
                #expect(try await registry.store.crashGroups(CrashFilter(version: digest)).count == 1)
            }
        }
    }

    @Test("what is beyond the limits goes and stays counted, and the newest stay", arguments: Engine.allCases)
    func limits(engine: Engine) async throws {
        try await withRegistry(engine) { registry, _ in
            var limits = CrashLimits()
            (limits.groups, limits.reports, limits.tallies) = (2, 3, 2)
            for number in 1...5 {
                _ = try await registry.keep(
                    .sample(number, at: "2027-01-15T07:00:00Z"), from: "app1", by: "node", limits: limits)
            }
            _ = try await registry.keep(
                .sample(6, service: "tg.2", at: "2027-01-15T07:30:00Z"), from: "app1", by: "node", limits: limits)
            _ = try await registry.keep(.sample(7, service: "pgw.1"), from: "app2", by: "node", limits: limits)
            let detail = try await registry.crashGroup("0000000000000001")
            #expect(detail.group.count == 7 && detail.reports.map { $0.id.suffix(1) } == ["7", "6", "5"])
            #expect(detail.group.services == 2 && detail.counts.first { $0.type == "pgw" }?.service == nil)
            #expect(detail.group.lastService == "pgw.1")
            // A third and a fourth fingerprint are counted together.
            for fault in 2...4 {
                let receipt = try await registry.keep(
                    .sample(10 + fault, fault: fault), from: "app1", by: "node", limits: limits)
                #expect(receipt.fingerprint == (fault == 2 ? "0000000000000002" : CrashGroup.others))
            }
            #expect(try await registry.crashGroup(CrashGroup.others).group.count == 2)
            #expect(
                try await registry.crash(CrashReport.sample(14).id, in: CrashGroup.others).report.fingerprint
                    == "0000000000000004")
            #expect(
                try await Self.notices(registry).last
                    == "more than 2 different crashes: further ones are counted together")
        }
    }

    @Test("all reports together have a size", arguments: Engine.allCases)
    func bytes(engine: Engine) async throws {
        try await withRegistry(engine) { registry, _ in
            var limits = CrashLimits()
            limits.bytes = 10_000
            let text = String(repeating: "x", count: 2_000)
            for number in 1...20 {
                _ = try await registry.keep(
                    .sample(number, fault: number % 2 + 1, text: text), from: "app1", by: "node", limits: limits)
            }
            let all =
                try await registry.store.crashes(of: "0000000000000001", limit: 100)
                + registry.store.crashes(of: "0000000000000002", limit: 100)
            #expect(all.count <= 3 && all.contains { $0.report.id == CrashReport.sample(20).id }, "\(all.count)")
            #expect(try await registry.store.crashGroups(CrashFilter()).map(\.count) == [10, 10])
        }
    }

    @Test(
        "people are told of a new crash, of one that comes back, and of a loop, each once", arguments: Engine.allCases)
    func news(engine: Engine) async throws {
        try await withRegistry(engine) { registry, clock in
            let start = clock.now()
            func crash(_ number: Int, after seconds: Double, service: String = "tg.1") async throws {
                let now = start.addingTimeInterval(seconds)
                clock.set(by: now.timeIntervalSince(clock.now()))
                _ = try await registry.keep(
                    .sample(number, service: service, at: Timestamp.text(now)), from: "app1", by: "server.app1")
            }
            let seen = await registry.outbox.tag(of: "notices")
            try await crash(1, after: 0)
            let new = "new crash: tg.1 on app1 crashed: SIGSEGV in handle"
            #expect(try await Self.notices(registry) == [new])
            #expect(await registry.outbox.tag(of: "notices") != seen)
            let notice = try #require(try await registry.store.notice(1)).notice
            #expect(notice.subject == .crash && notice.name == "0000000000000001" && notice.severity == .warning)
            #expect(notice.type == "tg" && notice.location == "tcn")
            #expect(notice.text.contains("#1 handle at src/tg.c:42\n"))
            #expect(notice.text.hasSuffix("portcullis crashes show 0000000000000001"))
            let event = try await registry.events(after: 0, limit: 100).page.events.last
            #expect(event?.kind == .crash && event?.name == "0000000000000001" && event?.actor == "server.app1")
            // Not again for another service, nor after six days.
            try await crash(2, after: 10, service: "tg.2")
            try await crash(3, after: 6 * 86_400)
            #expect(try await Self.notices(registry) == [new])
            try await crash(4, after: 13 * 86_400 + 60)
            let back = "a crash is back after 7 days: tg.1 on app1 crashed: SIGSEGV in handle"
            #expect(try await Self.notices(registry) == [new, back])
            // Five more within ten minutes make six; those that follow are no news for an hour.
            let day = 14.0 * 86_400
            for number in 0..<5 { try await crash(10 + number, after: day + Double(number) * 60) }
            #expect(try await Self.notices(registry) == [new, back])
            for number in 5..<20 { try await crash(10 + number, after: day + Double(number) * 60) }
            let loop = "tg.1 crashes again and again: 6 times within 10 minutes"
            #expect(try await Self.notices(registry) == [new, back, loop])
            #expect(try await registry.store.notice(3)?.notice.severity == .critical)
            for number in 20..<70 { try await crash(10 + number, after: day + Double(number) * 60) }
            #expect(try await Self.notices(registry).count == 4)
        }
    }

    @Test(
        "reports and groups go when their time is over; what is removed is a new crash next time",
        arguments: Engine.allCases)
    func retention(engine: Engine) async throws {
        try await withRegistry(engine) { registry, clock in
            let store = registry.store
            _ = try await registry.keep(.sample(1), from: "app1", by: "node")
            clock.advance(by: 20 * 86_400)
            _ = try await registry.keep(.sample(2, at: Timestamp.text(clock.now())), from: "app1", by: "node")
            _ = try await registry.keep(.sample(3, fault: 2, at: Timestamp.text(clock.now())), from: "app1", by: "node")
            let epoch = try await store.beginEpoch()
            let start = Timestamp.text(clock.now().addingTimeInterval(-86_400))
            #expect(try await store.pruneCrashes(before: start, epoch: epoch) == 1)
            let detail = try await registry.crashGroup("0000000000000001")
            #expect(detail.group.count == 2 && detail.reports.count == 1)
            clock.advance(by: 40 * 86_400)
            let later = Timestamp.text(clock.now().addingTimeInterval(-86_400))
            #expect(try await store.pruneCrashes(before: later, epoch: epoch, step: 1) > 2)
            #expect(try await store.crashGroups(CrashFilter()).isEmpty)
            await #expect(throws: RegistryError.superseded) {
                try await store.pruneCrashes(before: later, step: 1, epoch: epoch - 1)
            }
            _ = try await registry.keep(.sample(2), from: "app1", by: "node")
            let before = try await Self.notices(registry).count
            let report = try await registry.removeCrashes("0000000000000001", by: "ops", dryRun: true)
            #expect(report.changes.map(\.name) == ["0000000000000001"])
            #expect(try await store.crashGroups(CrashFilter()).count == 1)
            _ = try await registry.removeCrashes("0000000000000001", by: "ops", dryRun: false)
            #expect(try await registry.events(after: 0, limit: 100).page.events.last?.action == .delete)
            await #expect(throws: ChangeError.missing("crash 0000000000000001")) {
                try await registry.removeCrashes("0000000000000001", by: "ops", dryRun: false)
            }
            #expect(try await store.crash(CrashReport.sample(2).id) == nil)
            _ = try await registry.keep(.sample(2), from: "app1", by: "node")
            #expect(try await Self.notices(registry).count == before + 1)
        }
    }

    @Test("a dump that is gone is gone for its own server alone", arguments: Engine.allCases)
    func dump(engine: Engine) async throws {
        try await withRegistry(engine) { registry, _ in
            let report = CrashReport.sample(1)
            _ = try await registry.keep(report, from: "app1", by: "node")
            try await registry.forgetDump(of: report.id, on: "app2")
            #expect(try await registry.store.crash(report.id)?.report.dumpSize == 100)
            try await registry.forgetDump(of: report.id, on: "app1")
            #expect(try await registry.store.crash(report.id)?.report.dumpSize == 0)
        }
    }

    @Test("all of it is there after ADMIN was ended at any moment")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            let clock = TestClock()
            let first = try Registry(path: path, now: clock.now, uptime: clock.uptime)
            try await Self.seed(first)
            _ = try await first.keep(.sample(1), from: "app1", by: "node")
            // Not closed: as after kill -9.
            let second = try Registry(path: path, now: clock.now, uptime: clock.uptime)
            #expect(try await second.keep(.sample(1), from: "app1", by: "node").isNew == false)
            #expect(try await second.crashGroup("0000000000000001").group.count == 1)
            #expect(try await Self.notices(second).count == 1)
        }
    }
}
