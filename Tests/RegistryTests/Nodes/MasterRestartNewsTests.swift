import AdminAPI
import Cloud
import Names
import Testing
import Text

@testable import Registry

@Suite("Masters that are killed again and again") struct MasterRestartNewsTests {
    private var news = MasterRestartNews()
    private var before: ServerReport?
    private var cloud = Cloud()

    init() { cloud.services["pgw.1"] = ServiceInstance(type: "pgw", index: 1, server: "app1") }

    private func report(_ count: Int?) -> ServerReport {
        var service = ServerService(state: .running, since: "2027-01-15T08:00:00Z")
        service.masterRestarts = count.map { MasterRestarts(count: $0, last: "2027-01-15T09:00:00Z") }
        return ServerReport(
            program: "0.1.0", applied: nil, bootedAt: "2027-01-15T07:00:00Z", services: [ExactText("pgw.1"): service])
    }

    /// What is told when a report counts so many.
    private mutating func told(_ count: Int?, atMinute minute: Int) -> [Notice] {
        let after = report(count)
        defer { before = after }
        return news.notices(before: before, after: after, of: "app1", at: .seconds(60 * minute), in: cloud)
    }

    @Test("more than three within an hour are told once an hour")
    mutating func often() {
        #expect(told(nil, atMinute: 0).isEmpty)
        for (count, minute) in [(1, 1), (2, 2), (3, 30)] { #expect(told(count, atMinute: minute).isEmpty) }
        let notices = told(4, atMinute: 60)
        #expect(notices.count == 1 && notices[0].severity == .warning && notices[0].name == "pgw.1")
        #expect(
            notices[0].title
                == "the master of pgw.1 on app1 is killed again and again: more than 3 times within an hour")
        #expect(notices[0].text.contains("2027-01-15T09:00:00Z") && notices[0].type == "pgw")
        for count in 5...9 { #expect(told(count, atMinute: 60 + count).isEmpty) }
        #expect(told(9, atMinute: 121).isEmpty, "nothing new")
        #expect(told(10, atMinute: 122).count == 1)
    }

    @Test("three in an hour are not, whatever there was before")
    mutating func seldom() {
        for count in 0..<40 { #expect(told(count, atMinute: 20 * count + count).isEmpty) }
    }

    @Test("a node is believed of its own services alone")
    mutating func others() {
        cloud.services["pgw.1"]?.server = "app2"
        #expect(told(nil, atMinute: 0).isEmpty && told(9, atMinute: 1).isEmpty)
    }

    @Test("what ADMIN finds at its start is not news, and a service that was started anew counts from one")
    mutating func beginnings() {
        #expect(told(100, atMinute: 0).isEmpty)
        #expect(told(103, atMinute: 1).isEmpty)
        #expect(told(nil, atMinute: 2).isEmpty)
        #expect(told(1, atMinute: 3).count == 1)
        #expect(told(5, atMinute: 70).count == 1, "four of one report")
    }
}
