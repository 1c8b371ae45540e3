import AdminAPI
import Cloud
import Foundation
import Names
import Registry
import RegistryTestSupport
import TestSupport
import Testing
import Text

@testable import Admin

@Suite("What ends soon") struct EndingNewsTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    private static func thing(_ days: Double, _ name: String = "token ci") -> EndingThing {
        EndingThing(
            name: name, words: "the token ci", endsAt: now.addingTimeInterval(days * 86_400), isVital: true,
            advice: "portcullis tokens")
    }

    private static func news(_ things: [EndingThing], told: [Notice] = []) -> [Notice] {
        EndingNews.notices(things, told: Dictionary(told.map { (ExactText($0.name), $0) }) { $1 }, now: now)
    }

    @Test("people are told within 14 days, within 2, and when it has ended; each once")
    func times() throws {
        #expect(Self.news([Self.thing(14)]).isEmpty)
        var told: [Notice] = []
        for (days, severity, title) in [
            (13.9, Notice.Severity.warning, "the token ci ends on 2027-01-29"),
            (1.9, .critical, "the token ci ends within 2 days, on 2027-01-17"),
            (-0.1, .critical, "the token ci has ended on 2027-01-15"),
        ] {
            let notice = try #require(Self.news([Self.thing(days)], told: told).first)
            #expect(notice.severity == severity && notice.title == title && notice.isLasting && !notice.isResolved)
            #expect(notice.text.hasBytePrefix("It ends at 2027-01-"))
            told = [notice]
            #expect(Self.news([Self.thing(days)], told: told).isEmpty)
        }
    }

    @Test("what was renewed or is gone is resolved, once")
    func ends() throws {
        let told = try #require(Self.news([Self.thing(3)]).first)
        let renewed = try #require(Self.news([Self.thing(90)], told: [told]).first)
        #expect(renewed.isResolved && renewed.title == "the token ci was renewed: it ends on 2027-04-15")
        #expect(Self.news([Self.thing(90)], told: [renewed]).isEmpty)
        let gone = try #require(Self.news([], told: [told]).first)
        #expect(gone.isResolved && gone.title == "token ci is gone, or ended long ago")
        #expect(Self.news([], told: [gone]).isEmpty)
        // A new one of the same name.
        #expect(Self.news([Self.thing(3)], told: [renewed]).map(\.isLasting) == [true])
    }

    @Test("tokens that were made for a short time are nobody's concern; the others are told of once")
    func tokens() async throws {
        let (clock, log) = (TestClock(), RecordedLog())
        let registry = Registry(store: InMemoryStore(), now: clock.now, uptime: clock.uptime)
        let day = Timestamp.text(clock.now().addingTimeInterval(40 * 86_400)).utf8.prefix(10)
        for (name, days) in [("short", 20.0), ("long", 40)] {
            _ = try await registry.tokens.add(
                TokenGrant(name: name, role: .read), expires: clock.now().addingTimeInterval(days * 86_400))
        }
        _ = try await registry.tokens.add(TokenGrant(name: "endless", role: .read))
        let watch = EndWatch(certificate: nil, registry: registry, logger: log.logger)
        await watch.look()
        #expect(try await registry.store.notices().isEmpty)
        clock.advance(by: 30 * 86_400)
        await watch.look()
        await watch.look()
        #expect(try await registry.store.notices().map(\.notice.name) == ["token long"])
        clock.advance(by: 11 * 86_400)
        await watch.look()
        #expect(
            try await registry.store.notices().map(\.notice.title).last
                == "the token long has ended on \(String(decoding: day, as: UTF8.self))")
        clock.advance(by: 14 * 86_400)
        await watch.look()
        #expect(try await registry.store.notices().map(\.notice.isResolved) == [false, false, true])
    }
}
