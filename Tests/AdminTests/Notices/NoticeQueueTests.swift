import AdminAPI
import Cloud
import Foundation
import Names
import Registry
import Testing

@testable import Admin

@Suite("What a channel sends next") struct NoticeQueueTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private static func notice(
        _ number: Int, _ name: String = "app1", _ title: String = "lost", at seconds: Double = 0,
        _ severity: Notice.Severity = .critical, of subject: Notice.Subject = .server
    ) -> StoredNotice {
        StoredNotice(
            number: number, generation: 1, time: Timestamp.text(start.addingTimeInterval(seconds)),
            notice: Notice(severity, of: subject, name, title: title, text: "text \(number)"))
    }

    private static func next(
        _ waiting: [StoredNotice], recent: [StoredNotice] = [], now: Int = 100
    ) -> NoticeQueue.Next {
        NoticeQueue.next(
            waiting, recent: Dictionary(recent.map { (NoticeQueue.Key($0.notice), .seconds(90)) }) { $1 },
            now: .seconds(now))
    }

    @Test("the oldest is next, with those that say the same within a minute")
    func same() {
        let waiting = [
            Self.notice(1), Self.notice(2, "app2"), Self.notice(3, at: 60), Self.notice(4, at: 61),
        ]
        #expect(Self.next(waiting) == .message([1, 3], isDigest: false))
        #expect(Self.next([]) == .nothing)
    }

    @Test("what is said of one subject never changes its order")
    func order() {
        let waiting = [Self.notice(1), Self.notice(2, "app1", "back"), Self.notice(3)]
        #expect(Self.next(waiting) == .message([1], isDigest: false))
        // A repetition waits; what follows it makes it go at once, and before that.
        let repeated = Self.notice(4)
        #expect(Self.next([repeated], recent: [repeated]) == .wait(until: .seconds(150)))
        #expect(Self.next([repeated], recent: [repeated], now: 150) == .message([4], isDigest: false))
        #expect(
            Self.next([repeated, Self.notice(5, "app1", "back")], recent: [repeated]) == .message([4], isDigest: false))
        #expect(Self.next([repeated, Self.notice(6, "app2")], recent: [repeated]) == .message([6], isDigest: false))
        let test = Self.notice(7, of: .test)
        #expect(Self.next([test], recent: [test]) == .message([7], isDigest: false))
    }

    @Test("more than 20 are one digest, the worst first")
    func digest() {
        let waiting = (1...21).map { Self.notice($0, "app\($0)", "lost \($0)", $0 == 17 ? .critical : .info) }
        let next = Self.next(waiting)
        #expect(next == .message(Array(1...21), isDigest: true))
        #expect(Self.next(Array(waiting.prefix(20))) == .message([1], isDigest: false))
        let message = NoticeMessage(
            .init(id: "x", numbers: Array(1...21), isDigest: true), of: waiting, to: "ops")
        #expect(message.title == "21 notices; the worst: lost 17" && message.severity == .critical)
        #expect(message.notices.map { $0.numbers[0] } == [17] + Array(1...16) + Array(18...21))
        #expect(message.notices.allSatisfy { $0.text == nil })
    }

    @Test("the same notices are one entry with all numbers and the newest text")
    func entry() {
        let message = NoticeMessage(
            .init(id: "x", numbers: [1, 3], isDigest: false), of: [Self.notice(1), Self.notice(3)], to: "ops")
        #expect(message.title == "lost (2 times)" && message.count == 2)
        #expect(message.notices.map(\.numbers) == [[1, 3]] && message.notices[0].text == "text 3")
    }

    @Test("a notice is too old after a day, three or seven, by its severity")
    func expiry() {
        for (severity, days) in [(Notice.Severity.info, 1.0), (.warning, 3), (.critical, 7)] {
            let notice = Self.notice(1, "a", "b", severity)
            #expect(!NoticeQueue.isExpired(notice, now: Self.start.addingTimeInterval(days * 86_400 - 1)))
            #expect(NoticeQueue.isExpired(notice, now: Self.start.addingTimeInterval(days * 86_400 + 1)))
        }
    }

    @Test("what an answer means")
    func answers() {
        let now = Date(timeIntervalSince1970: 784_111_777)
        func result(_ status: UInt, _ retryAfter: String? = nil) -> DeliveryResult {
            DeliveryResult(status: status, retryAfter: retryAfter, now: now)
        }
        #expect(result(204) == .delivered)
        #expect(result(429, "7") == .later(7, "it answers 429"))
        #expect(result(503, "Sun, 06 Nov 1994 08:50:00 GMT") == .later(23, "it answers 503"))
        #expect(result(503, "999999") == .later(3_600, "it answers 503"))
        #expect(result(429, "soon") == .unavailable("it answers 429"))
        #expect(result(500, "7") == .unavailable("it answers 500"))
        #expect(result(404) == .refused("it answers 404"))
        #expect(result(302) == .refused("it answers 302, and redirects are not followed"))
    }

    @Test("pauses double from one second to five minutes, give or take a quarter")
    func pauses() {
        #expect(DeliveryPolicy.pause(after: 1, jitter: 0) == .milliseconds(750))
        #expect(DeliveryPolicy.pause(after: 1, jitter: 1) == .milliseconds(1_250))
        #expect(DeliveryPolicy.pause(after: 4, jitter: 0.5) == .seconds(8))
        #expect(DeliveryPolicy.pause(after: 1_000, jitter: 0.5) == .seconds(300))
    }

    @Test("the signature is HMAC-SHA256 over the timestamp, a full stop and the body")
    func signature() {
        let headers = WebhookChannel.headers(
            id: "1", Array(#"{"a":1}"#.utf8), at: Self.start, secret: Array("0123456789abcdef".utf8))
        #expect(headers.map(\.name) == ["Portcullis-Notice", "Portcullis-Timestamp", "Portcullis-Signature"])
        #expect(headers[1].value == "1800000000")
        // printf '1800000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
        #expect(headers[2].value == "sha256=d3e17924cac4a72ca2ee9e5700df170fdb5733eaf69ecd909fb0c18a962b03a5")
        #expect(WebhookChannel.headers(id: "1", [], at: Self.start, secret: nil).count == 2)
    }
}
