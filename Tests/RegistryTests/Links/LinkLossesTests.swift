import AdminAPI
import Cloud
import Names
import Testing

@testable import Registry

@Suite("Which lost links people are told of") struct LinkLossesTests {
    private static func links(
        _ count: Int, lost: Int = 0
    ) -> [ServiceLink.ID: LinkResource.State] {
        (1...count).reduce(into: [:]) { links, number in
            links[ServiceLink.ID(service: "tg.\(number)", server: "app\(number % 7)")] =
                number <= lost ? .lost : .connected
        }
    }

    private func told(
        _ losses: inout LinkLosses, _ links: [ServiceLink.ID: LinkResource.State], at seconds: Int,
        word: LinkLosses.Word = .runs
    ) async -> [String] {
        await losses.notices(links, now: .seconds(seconds), in: Cloud()) { _ in word }.map {
            "\($0.isResolved ? "end " : "")\($0.subject) \($0.name)"
        }
    }

    @Test("a single one is told of after a minute, once, and when it is back")
    func single() async {
        var losses = LinkLosses()
        let (links, all) = (Self.links(50, lost: 1), Self.links(50))
        for seconds in [0, 30, 59] { #expect(await told(&losses, links, at: seconds) == []) }
        #expect(await told(&losses, links, at: 60) == ["service tg.1"])
        #expect(await told(&losses, links, at: 600) == [])
        #expect(await told(&losses, all, at: 601) == ["end service tg.1"])
        #expect(await told(&losses, all, at: 602) == [])
    }

    @Test("one that was lost for less than a minute is told of by nobody")
    func short() async {
        var losses = LinkLosses()
        _ = await told(&losses, Self.links(50, lost: 1), at: 0)
        #expect(await told(&losses, Self.links(50), at: 59) == [])
        #expect(await told(&losses, Self.links(50, lost: 1), at: 60) == [])
        #expect(await told(&losses, Self.links(50, lost: 1), at: 119) == [])
        #expect(await told(&losses, Self.links(50, lost: 1), at: 120) == ["service tg.1"])
    }

    @Test("what its server's node explains is told of as soon as it does not explain it any more")
    func explained() async {
        var losses = LinkLosses()
        for seconds in [0, 60, 100] {
            #expect(await told(&losses, Self.links(50, lost: 1), at: seconds, word: .explains) == [])
        }
        #expect(await told(&losses, Self.links(50, lost: 1), at: 101) == ["service tg.1"])
    }

    @Test("many at once are one notice about ADMIN, and none about services, until all are back")
    func crowd() async {
        var losses = LinkLosses()
        #expect(await told(&losses, Self.links(50, lost: 6), at: 0) == [])
        #expect(await told(&losses, Self.links(50, lost: 11), at: 20) == ["admin links"])
        #expect(await told(&losses, Self.links(50, lost: 40), at: 25) == [])
        #expect(await told(&losses, Self.links(50, lost: 40), at: 300) == [])
        #expect(await told(&losses, Self.links(50, lost: 3), at: 301) == [])
        #expect(await told(&losses, Self.links(50), at: 310) == ["end admin links"])
        #expect(await told(&losses, Self.links(50), at: 311) == [])
    }

    @Test("a fifth is not many, nor are nine, nor many one after the other")
    func few() async {
        var losses = LinkLosses()
        #expect(await told(&losses, Self.links(50, lost: 10), at: 0) == [])
        losses = LinkLosses()
        #expect(await told(&losses, Self.links(12, lost: 9), at: 0) == [])
        losses = LinkLosses()
        for step in 0..<5 { #expect(await told(&losses, Self.links(20, lost: step + 1), at: step * 11) == []) }
    }

    @Test("one that is forgotten after it was told of is resolved")
    func forgotten() async {
        var losses = LinkLosses()
        _ = await told(&losses, Self.links(50, lost: 1), at: 0)
        _ = await told(&losses, Self.links(50, lost: 1), at: 60)
        var links = Self.links(50)
        links[ServiceLink.ID(service: "tg.1", server: "app1")] = nil
        #expect(await told(&losses, links, at: 61) == ["end service tg.1"])
    }
}
