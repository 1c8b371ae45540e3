import AdminAPI
import Foundation
import Names
import ServiceSupport
import TestSupport
import Testing
import Text

@testable import Admin

@Suite("Telegram: pace, text, digest, answers") struct TelegramTests {
    private static func entry(
        _ number: Int, _ title: String, _ severity: NoticeSeverity = .critical, text: String? = nil,
        isResolved: Bool = false
    ) -> NoticeMessage.Entry {
        .init(
            numbers: [number], time: "2027-01-15T03:12:09.114Z", severity: severity, subject: .server, name: "app1",
            title: title, text: text, location: "tcn", isResolved: isResolved)
    }

    private static func message(_ entries: NoticeMessage.Entry..., kind: NoticeMessage.Kind = .notice) -> NoticeMessage
    {
        NoticeMessage(
            id: "id", channel: "ops", kind: kind, severity: entries.map(\.severity).max() ?? .info,
            title: entries[0].title, count: entries.count, notices: entries)
    }

    @Test("calls are a second apart, and 18 in any minute, however many wait", arguments: [false, true])
    func pace(hasDigest: Bool) {
        var pace = TelegramPace()
        var (now, calls) = (1_000_000, [Int]())
        while calls.count < 100 {
            if let wait = pace.wait(at: now, hasDigest: hasDigest) {
                now += wait
                #expect(pace.wait(at: now, hasDigest: hasDigest) == nil)
            }
            pace.note(callAt: now)
            calls.append(now)
        }
        for (earlier, later) in zip(calls, calls.dropFirst()) { #expect(later - earlier >= 1_000) }
        for (first, nineteenth) in zip(calls, calls.dropFirst(18)) { #expect(nineteenth - first >= 60_000) }
        #expect(calls[99] - calls[0] <= 99 * 3_400)
    }

    @Test("after twelve calls in a minute what waits is a digest; patience is kept, also a long one")
    func patience() throws {
        var pace = TelegramPace()
        for second in 0..<12 { pace.note(callAt: second * 1_000) }
        #expect(pace.isBusy(at: 12_000) && !pace.isBusy(at: 60_000))
        #expect(pace.wait(at: 12_000, hasDigest: false) == 2_400)
        // Telegram may see a call as late as it answers.
        var slow = pace
        slow.note(answerAt: 14_000)
        #expect(slow.wait(at: 14_000, hasDigest: true) == 3_400 && slow.calls.count == 12)
        pace.rest(seconds: 7_200, from: 12_000)
        #expect(pace.wait(at: 12_000, hasDigest: false) == 7_200_000)
        var memory = TelegramMemory()
        memory.pace = pace
        memory.digest = .init(message: 7, sentAt: 1, editedAt: 2, content: TelegramDigest())
        #expect(TelegramMemory(text: try #require(memory.text)) == memory)
        #expect(TelegramMemory(text: "{}") == nil)
    }

    @Test("a message says what is wrong, since when, and what to type; markup is escaped")
    func text() {
        let text = TelegramText(Self.message(Self.entry(7, "server <app1> & co is lost", text: "a < b\nc")))
        #expect(
            text.html == """
                <b>critical: server &lt;app1&gt; &amp; co is lost</b>
                a &lt; b
                c
                Since 2027-01-15 03:12:09 UTC, at tcn
                <code>portcullis notices show 7</code>
                """)
        #expect(
            text.plain == """
                critical: server <app1> & co is lost
                a < b
                c
                Since 2027-01-15 03:12:09 UTC, at tcn
                portcullis notices show 7
                """)
        let end = TelegramText(Self.message(Self.entry(8, "server app1 is back", isResolved: true)))
        #expect(end.plain.hasBytePrefix("resolved: server app1 is back\n"))
    }

    @Test("what is too long is cut in its middle, never within a scalar or an entity", arguments: ["x", "&", "😀", "é"])
    func length(unit: String) {
        let long = "beginning " + String(repeating: unit, count: 6_000) + " end"
        let text = TelegramText(Self.message(Self.entry(7, "lost", text: long)))
        for form in [text.html, text.plain] {
            #expect(form.utf16.count <= 4_096)
            #expect(form[...].firstBytes("beginning ") != nil && form[...].firstBytes(" end\nSince") != nil)
            #expect(form[...].firstBytes("[… cut here: portcullis notices show 7 has all of it …]") != nil)
        }
        #expect(text.html.utf16.count >= 4_080)
        // Each ampersand begins an entity that is whole.
        #expect(text.html.splitBytes("&").dropFirst().allSatisfy { $0.hasBytePrefix("amp;") })
    }

    @Test("a digest names the worst first, counts everything, and fits")
    func digest() {
        var digest = TelegramDigest()
        for number in 1...10_000 {
            let severity: NoticeSeverity = number == 9_990 ? .critical : number % 3 == 0 ? .warning : .info
            digest.add(
                Self.message(Self.entry(number, "thing \(number % 1_000) &&&", severity), kind: .digest))
        }
        #expect(digest.count == 10_000 && digest.lines.count == TelegramDigest.mostLines && digest.worst == .critical)
        #expect(digest.lines[0].title.isExactly("thing 990 &&&") && digest.lines[0].count == 1)
        let text = TelegramText(digest)
        #expect(
            text.plain.hasBytePrefix("critical: 10000 notices; the worst: thing 990 &&&\n03:12:09 critical: thing 990"))
        #expect(text.html.utf16.count <= 4_096)
        #expect(text.plain[...].firstBytes("Notices 1 to 10000: 1 critical, 3332 warning, 6667 info\n") != nil)
        #expect(text.plain.hasByteSuffix("portcullis notices list --severity critical"))
        #expect(text.plain[...].firstBytes("\n… and ") != nil)
    }

    @Test("what is worse, or critical after a minute, is not hidden in an edit that nobody hears")
    func hearing() {
        var content = TelegramDigest()
        content.add(Self.message(Self.entry(1, "a", .warning), kind: .digest))
        var live = TelegramMemory.Live(message: 7, sentAt: 1_000, editedAt: 1_000, content: content)
        let (warning, critical) = (Self.message(Self.entry(2, "b", .warning)), Self.message(Self.entry(2, "b")))
        #expect(live.takes(warning, at: 2_000) && live.takes(warning, at: 600_000) && !live.takes(warning, at: 601_000))
        #expect(!live.takes(critical, at: 2_000) && !live.takes(warning, at: 500))
        live.content.add(critical)
        #expect(live.takes(critical, at: 2_000) && !live.takes(critical, at: 61_000))
    }

    @Test(
        "what the Bot API answers",
        arguments: [
            (200, #"{"ok":true,"result":{"message_id":12}}"#, TelegramAnswer.sent(12)),
            (200, "<html>", .unavailable("it answers 200, and not as the Bot API does")),
            (
                429, #"{"ok":false,"description":"x","parameters":{"retry_after":9000}}"#,
                .later(seconds: 9_000, "Telegram answers 429: too many requests")
            ),
            (400, #"{"ok":false,"description":"Bad Request: message is not modified: x"}"#, .unchanged),
            (
                400, #"{"ok":false,"description":"Bad Request: message to edit not found"}"#,
                .gone("Telegram answers 400: Bad Request: message to edit not found")
            ),
            (
                400, #"{"ok":false,"description":"x","parameters":{"migrate_to_chat_id":-1007}}"#,
                .moved(to: "-1007")
            ),
            (
                400, #"{"ok":false,"description":"Bad Request: can't parse entities"}"#,
                .refused("Telegram answers 400: Bad Request: can't parse entities")
            ),
            (
                400, #"{"ok":false,"description":"Bad Request: chat not found"}"#,
                .unavailable("Telegram answers 400: Bad Request: chat not found")
            ),
            (401, #"{"ok":false,"description":"Unauthorized"}"#, .unavailable("Telegram answers 401: Unauthorized")),
            (502, "", .unavailable("Telegram answers 502")),
        ])
    func answers(status: Int, body: String, answer: TelegramAnswer) {
        #expect(TelegramAnswer(status: UInt(status), body: Array(body.utf8)) == answer)
    }

    @Test("a token that is none is refused, and not repeated")
    func token() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "token").path
            try Data("secret of another kind\n".utf8).write(to: folder.appending(path: "token"))
            let settings = NoticeChannelSettings(
                name: "ops", .telegram(TelegramSettings(tokenFile: path, chat: "1", apiURL: "http://a")), place: "x:1:1"
            )
            let error = #expect(throws: SettingsError.self) { try NoticeTarget(settings) }
            let words = error.map { "\($0)" } ?? ""
            #expect(words.hasBytePrefix("x:1:1: token-file ") && words[...].firstBytes("secret of") == nil)
        }
    }
}
