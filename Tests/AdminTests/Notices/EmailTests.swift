import AdminAPI
import Foundation
import Names
import Testing
import Text

@testable import Admin

@Suite("Mail: messages, replies, the dialogue") struct EmailTests {
    private static func message(
        _ title: String = "server app1 is lost", text: String? = "text", id: String = "0d9c"
    ) -> NoticeMessage {
        NoticeMessage(
            id: id, channel: "mail", kind: .notice, severity: .critical, title: title, count: 1,
            notices: [
                .init(
                    numbers: [7], time: "2027-01-15T03:12:09.114Z", severity: .critical, subject: .server,
                    name: "app1", title: title, text: text, location: "tcn")
            ])
    }

    private static func mail(_ message: NoticeMessage) -> (headers: String, body: String) {
        let mail = MailMessage(
            message, from: "portcullis@example.net", to: ["a@example.net", "b@example.net"],
            date: Date(timeIntervalSince1970: 1_800_000_000))
        let text = String(decoding: mail.bytes, as: UTF8.self)
        guard let end = text[...].firstBytes("\r\n\r\n") else { return (text, "") }
        let body = Data(base64Encoded: Data(text[end.upperBound...].utf8), options: .ignoreUnknownCharacters) ?? Data()
        return (String(text[..<end.lowerBound]), String(decoding: body, as: UTF8.self))
    }

    @Test("a message is what people read, and is known by its identifier")
    func form() {
        let (headers, body) = Self.mail(Self.message())
        #expect(
            headers.splitBytes("\n").map { String($0).replacingByte("\r", with: "") } == [
                "Date: Fri, 15 Jan 2027 08:00:00 +0000", "From: portcullis@example.net", "To: a@example.net,",
                " b@example.net", "Subject: [critical] server app1 is lost", "Message-ID: <0d9c@example.net>",
                "Auto-Submitted: auto-generated", "Portcullis-Notice: 0d9c", "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64",
            ])
        #expect(
            body.replacingByte("\r", with: "") == """
                server app1 is lost

                text

                Severity: critical
                Since: 2027-01-15T03:12:09.114Z, at tcn
                portcullis notices show 7

                """)
    }

    @Test(
        "a title cannot begin another header, however it is made",
        arguments: [
            "x\r\nBcc: eve@example.com", "x\nBcc: eve@example.com", "é\r\n\r\nbody", "\u{2028}x", "=?utf-8?B?eA==?=",
            String(repeating: "😀", count: 150),
        ])
    func injection(title: String) {
        let headers = Self.mail(Self.message(title)).headers
        let lines = headers.splitBytes("\n").map { $0.utf8.last == 0x0D ? $0.dropLastByte : $0 }
        #expect(
            lines.allSatisfy { line in line.utf8.allSatisfy { (0x20...0x7E).contains($0) } && line.utf8.count <= 78 })
        let names = lines.filter { !$0.hasBytePrefix(" ") }.map { String($0.splitBytes(":")[0]) }
        #expect(
            names == [
                "Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "Portcullis-Notice", "MIME-Version",
                "Content-Type", "Content-Transfer-Encoding",
            ])
    }

    @Test("encoded words hold whole scalars, and at most 75 bytes")
    func words() {
        let words = MailMessage.encoded(String(repeating: "aé😀", count: 40)).splitBytes(" ")
        #expect(words.count > 3)
        for word in words {
            let word = word.utf8.filter { $0 != 0x0D && $0 != 0x0A }
            #expect(word.count <= 75)
            let data = Data(base64Encoded: Data(word.dropFirst(10).dropLast(2))) ?? Data()
            #expect(String(validating: data, as: UTF8.self) != nil)
        }
    }

    @Test("replies come in any pieces; what is none is a fault")
    func replies() throws {
        var reader = SMTPReplyReader()
        var replies: [SMTPReply] = []
        for byte in "220 hello\r\n250-mail\r\n250-STARTTLS\r\n250 auth plain LOGIN\r\n354\r\n".utf8 {
            reader.take([byte])
            if let reply = try reader.next() { replies.append(reply) }
        }
        #expect(replies.map(\.code) == [220, 250, 354] && reader.isEmpty)
        #expect(replies[1].offers("STARTTLS") && !replies[0].offers("hello") && !replies[1].offers("START"))
        #expect(replies[1].offersAuthentication("PLAIN") && !replies[1].offersAuthentication("CRAM-MD5"))
        for fault in ["HTTP/1.1 400 Bad\r\n", "250-a\r\n251 b\r\n", "25\r\n", "250_a\r\n", "999 x\r\n"] {
            var reader = SMTPReplyReader()
            reader.take(fault.utf8)
            #expect(throws: SMTPReplyReader.Fault.self, "\(fault)") {
                while try reader.next() != nil {}
            }
        }
    }

    /// A server that answers each line by a script, and keeps what it was told.
    private struct Script: SMTPConnection {
        struct Ended: Error {}

        var ownName: String { "[192.0.2.1]" }
        var replies: [String]
        var told: [String] = []

        mutating func send(_ bytes: [UInt8]) { told.append(String(decoding: bytes, as: UTF8.self)) }

        mutating func reply() throws -> SMTPReply {
            guard !replies.isEmpty else { throw Ended() }
            let lines = replies.removeFirst().splitBytes("|").map { String($0) }
            return SMTPReply(
                code: Int(String(decoding: lines[0].utf8.prefix(3), as: UTF8.self)) ?? 0,
                lines: lines.map { String(decoding: $0.utf8.dropFirst(4), as: UTF8.self) })
        }

        mutating func encrypt() { told.append("(encrypted)") }
    }

    private static func deliver(
        _ replies: [String], _ encryption: EmailSettings.Encryption = .startTLS, user: String? = nil
    ) async throws -> (SMTPDialogue.Outcome, [String]) {
        let dialogue = SMTPDialogue(
            encryption: encryption, from: "p@example.net", to: ["a@example.net", "b@example.net"], user: user,
            password: Array("secret".utf8))
        let mail = MailMessage(Self.message(), from: "p@example.net", to: ["a@example.net"], date: Date())
        var script = Script(replies: replies)
        let outcome = try await dialogue.deliver(mail, over: &script)
        return (outcome, script.told.map { $0.hasBytePrefix("Date:") ? "(mail)" : $0.replacingByte("\r", with: "") })
    }

    @Test("a whole dialogue: nothing but EHLO and STARTTLS before the encryption")
    func whole() async throws {
        let (outcome, told) = try await Self.deliver(
            [
                "220 hi", "250 a|250 STARTTLS", "220 go", "250 a|250 AUTH LOGIN PLAIN", "235 ok", "250 ok", "250 ok",
                "550 who?", "354 go", "250 taken",
            ], user: "u")
        #expect(outcome == .init(result: .delivered, missed: ["b@example.net: the mail server answers 550 who?"]))
        #expect(
            told == [
                "EHLO [192.0.2.1]\n", "STARTTLS\n", "(encrypted)", "EHLO [192.0.2.1]\n", "AUTH PLAIN AHUAc2VjcmV0\n",
                "MAIL FROM:<p@example.net>\n", "RCPT TO:<a@example.net>\n", "RCPT TO:<b@example.net>\n", "DATA\n",
                "(mail)", "QUIT\n",
            ])
        let (login, words) = try await Self.deliver(
            [
                "220 hi", "250 a|250 AUTH LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok", "250 ok", "250 ok",
                "250 ok", "354 go", "250 taken",
            ], .implicit, user: "u")
        #expect(login == .init(result: .delivered))
        #expect(Array(words[1...3]) == ["AUTH LOGIN\n", "dQ==\n", "c2VjcmV0\n"])
    }

    @Test(
        "what a server refuses is of the message, or of all",
        arguments: [
            (["554 no"], DeliveryResult.unavailable("the mail server answers 554 no")),
            (["220 hi", "250 a"], .unavailable("the mail server offers no encryption (STARTTLS)")),
            (["220 hi", "250 a|250 STARTTLS", "454 later"], .unavailable("the mail server answers 454 later")),
            (
                ["220 hi", "250 a|250 STARTTLS", "220 go", "250 a", "550 not you"],
                .refused("the mail server answers 550 not you")
            ),
            (
                ["220 hi", "250 a|250 STARTTLS", "220 go", "250 a", "250 ok", "550 who?", "550 who?"],
                .refused("the mail server answers 550 who?")
            ),
            (
                ["220 hi", "250 a|250 STARTTLS", "220 go", "250 a", "250 ok", "250 ok", "451 greylisted"],
                .unavailable("the mail server answers 451 greylisted")
            ),
        ])
    func refusals(replies: [String], result: DeliveryResult) async throws {
        #expect(try await Self.deliver(replies).0 == .init(result: result))
    }

    @Test("a password that is wrong is no fault of the message, and a mechanism that is missing neither")
    func passwords() async throws {
        let wrong = try await Self.deliver(["220 hi", "250 a|250 AUTH PLAIN", "535 no"], .implicit, user: "u").0
        #expect(wrong.result == .unavailable("the mail server answers 535 no"))
        let none = try await Self.deliver(["220 hi", "250 a|250 AUTH CRAM-MD5"], .implicit, user: "u").0
        #expect(none.result == .unavailable("the mail server offers neither AUTH PLAIN nor AUTH LOGIN"))
    }

    @Test("a connection that ends before the message is taken is an error")
    func ends() async throws {
        await #expect(throws: Script.Ended.self) {
            try await Self.deliver([
                "220 hi", "250 a|250 STARTTLS", "220 go", "250 a", "250 ok", "250 ok", "250 ok", "354 go",
            ])
        }
    }
}

extension Substring {
    fileprivate var dropLastByte: Substring { self[..<utf8.index(before: endIndex)] }
}
