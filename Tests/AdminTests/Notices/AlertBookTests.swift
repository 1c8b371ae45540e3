import AdminAPI
import Foundation
import Names
import Testing
import Text

@testable import Admin

@Suite("What Alertmanager is told") struct AlertBookTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    private static func message(_ entries: [NoticeMessage.Entry]) -> NoticeMessage {
        NoticeMessage(
            id: "id", channel: "ops", kind: .notice, severity: .critical, title: "x", count: 1, notices: entries)
    }

    private static func entry(
        _ numbers: [Int], _ title: String, _ severity: NoticeSeverity = .critical, isResolved: Bool = false,
        isLasting: Bool = false
    ) -> NoticeMessage.Entry {
        .init(
            numbers: numbers, time: "2027-01-15T07:59:00.000Z", severity: severity, subject: .server, name: "app1",
            title: title, text: "text", location: "tcn", isResolved: isResolved, isLasting: isLasting)
    }

    @Test("what lasts is told again until a notice ends it, with the labels that it began with")
    func lasting() throws {
        var book = AlertBook()
        let begun = try #require(
            book.take(Self.message([Self.entry([7], "server app1 is lost", isLasting: true)]), at: Self.now).first)
        #expect(
            begun.labels == [
                "alertname": "PortcullisServer", "subject": "server", "name": "app1", "severity": "critical",
                "location": "tcn",
            ])
        #expect(
            begun.annotations == [
                "summary": "server app1 is lost", "description": "text", "command": "portcullis notices show 7",
            ])
        let body = String(decoding: AlertBook.body([begun], at: Self.now), as: UTF8.self)
        #expect(
            body[...].firstBytes(#""startsAt":"2027-01-15T07:59:00.000Z","endsAt":"2027-01-15T08:05:00.000Z""#) != nil)
        book.prune(at: Self.now.addingTimeInterval(6 * 86_400))
        #expect(book.alerts.count == 1)
        let end = book.take(Self.message([Self.entry([8], "server app1 is back", isResolved: true)]), at: Self.now)
        #expect(end.map(\.labels) == [begun.labels] && end.map(\.endsAt) == [Self.now] && book.alerts.isEmpty)
        // The end of what nobody was told of is not worth telling.
        #expect(book.take(Self.message([Self.entry([9], "back", isResolved: true)]), at: Self.now).isEmpty)
    }

    @Test("what is one-off ends after an hour")
    func oneOff() {
        var book = AlertBook()
        let told = book.take(Self.message([Self.entry([7], "x")]), at: Self.now)
        #expect(told.map(\.endsAt) == [Self.now.addingTimeInterval(3_600)])
        book.prune(at: Self.now.addingTimeInterval(3_599))
        #expect(book.alerts.count == 1)
        book.prune(at: Self.now.addingTimeInterval(3_600))
        #expect(book.alerts.isEmpty)
    }

    @Test("in a digest the newest notice of a subject says what it is, and other labels end the former alert")
    func order() {
        var book = AlertBook()
        _ = book.take(
            Self.message([
                Self.entry([1, 3], "lost", isLasting: true), Self.entry([2], "back", isResolved: true),
            ]), at: Self.now)
        #expect(book.alerts.values.map(\.annotations["summary"]) == ["lost"])
        let told = book.take(Self.message([Self.entry([4], "slow", .warning)]), at: Self.now)
        #expect(told.map(\.labels["severity"]) == ["critical", "warning"] && told[0].endsAt == Self.now)
    }

    @Test("there are at most a thousand: those that end first go")
    func most() {
        var book = AlertBook()
        for number in 1...1_010 {
            var entry = Self.entry([number], "x", isLasting: number <= 5)
            entry.name = "app\(number)"
            _ = book.take(Self.message([entry]), at: Self.now.addingTimeInterval(Double(number) / 10))
        }
        #expect(book.alerts.count == 1_000 && book.alerts["server app1"] != nil && book.alerts["server app6"] == nil)
    }
}
