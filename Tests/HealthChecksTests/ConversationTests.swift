import NetworkTypes
import TestSupport
import Testing

@testable import HealthChecks

private let server = IPAddress("10.1.0.11")!

extension StreamConversation {
    /// Tells the conversation bytes in parts of a size, then that the server closes. Returns what it sent and its outcome.
    fileprivate mutating func hear(_ text: String, by size: Int, closes: Bool = true) -> (String, ProbeOutcome?) {
        var sent = String(decoding: opening, as: UTF8.self)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            switch part.withUnsafeBytes({ receive($0) }) {
            case .wait: break
            case .send(let bytes): sent += String(decoding: bytes, as: UTF8.self)
            case .end(let outcome, let farewell):
                return (sent + String(decoding: farewell, as: UTF8.self), outcome)
            }
        }
        return (sent, closes ? close() : nil)
    }
}

@Suite("What is spoken over HTTP") struct HTTPConversationTests {
    static func outcome(
        _ answer: String, _ http: Probe.HTTP = .init(path: "/"), by size: Int = 1, closes: Bool = true
    ) -> ProbeOutcome? {
        var conversation = StreamConversation.http(HTTPConversation(http, address: server, port: 80))
        return conversation.hear(answer, by: size, closes: closes).1
    }

    @Test("the request names the host, and cannot be broken by a path")
    func request() {
        func request(_ http: Probe.HTTP, _ address: IPAddress, _ port: UInt16) -> [String] {
            String(decoding: HTTPConversation(http, address: address, port: port).request, as: UTF8.self)
                .split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        }
        #expect(
            request(.init(path: "/health?a=%20b"), server, 80) == [
                "GET /health?a=%20b HTTP/1.1", "Host: 10.1.0.11", "User-Agent: portcullis-checks", "Accept: */*",
                "Accept-Encoding: identity", "Connection: close", "", "",
            ])
        #expect(request(.init(path: "/"), IPAddress("fd00::11")!, 8080)[1] == "Host: [fd00::11]:8080")
        #expect(request(.init(path: "/", tls: .init()), server, 443)[1] == "Host: 10.1.0.11")
        #expect(request(.init(path: "/", tls: .init()), server, 80)[1] == "Host: 10.1.0.11:80")
        #expect(request(.init(path: "/", host: "a b"), server, 80)[1] == "Host: a%20b")
        #expect(request(.init(path: "/ä\r\nX: y"), server, 80)[0] == "GET /%C3%A4%0D%0AX:%20y HTTP/1.1")
    }

    static let ok = "HTTP/1.1 200 OK\r\n"
    static let text = Probe.HTTP(path: "/", text: "alive")
    static let chunked = ok + "Transfer-Encoding: gzip, Chunked\r\n\r\n"
    static let missing = ProbeOutcome.failure("the text is not in the HTTP body")

    static let answers: [(String, Probe.HTTP, ProbeOutcome)] = [
        (ok + "\r\n", .init(path: "/"), .success()),
        ("HTTP/1.0 399 \n\n", .init(path: "/"), .success()),
        ("HTTP/1.1 204\r\n\r\n", .init(path: "/"), .success()),
        ("HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 100\r\n\r\n" + ok + "\r\n", .init(path: "/"), .success()),
        ("HTTP/1.1 500 No\r\n", .init(path: "/"), .failure("HTTP status 500")),
        ("HTTP/1.1 200 OK\r\n", .init(path: "/", statuses: [201...299]), .failure("HTTP status 200")),
        ("HTTP/1.1 404 No\r\n\r\n", .init(path: "/", statuses: [200...200, 404...404]), .success()),
        ("HTTP/1.1 2000 OK\r\n", .init(path: "/"), .failure("the answer has no HTTP status")),
        ("HTTP/1.1  200\r\n", .init(path: "/"), .failure("the answer has no HTTP status")),
        ("HTTP/1.1\r\n", .init(path: "/"), .failure("the answer has no HTTP status")),
        ("SSH-2.0-OpenSSH", .init(path: "/"), .failure("the answer is not HTTP/1.1")),
        ("", .init(path: "/"), .failure("connection closed without an answer")),
        ("HTTP/1.1 200 OK", .init(path: "/"), .failure("connection closed within the HTTP header")),
        (ok + "A: b\r\n", .init(path: "/"), .failure("connection closed within the HTTP header")),
        (ok + "\r\nit is alive", text, .success()),
        (ok + "\r\nit is ali", text, missing),
        (ok + "Content-Length: 5\r\n\r\nalive", text, .success()),
        (ok + "content-length:4 \r\n\r\nalive", text, missing),
        (ok + "Content-Length: 0\r\n\r\nalive", text, missing),
        (ok + "Content-Length: 9\r\n\r\nali", text, .failure("connection closed within the HTTP body")),
        (ok + "Content-Length: x\r\n\r\n", text, .failure("malformed Content-Length")),
        (ok + "Content-Length: 99999999999999999999\r\n\r\n", text, .failure("malformed Content-Length")),
        ("HTTP/1.1 304 Same\r\n\r\nalive", text, missing),
        (chunked + "3\r\nali\r\n2;x=y\r\nve\r\n", text, .success()),
        (chunked + "3\r\nali\r\n1\r\nx\r\n0\r\n", text, missing),
        (chunked + "3\r\nalive\r\n", text, .failure("malformed chunk in the HTTP body")),
        (chunked + "\r\n", text, .failure("malformed chunk in the HTTP body")),
        (chunked + "FFFFFFFFFFFFFFFFFF\r\n", text, .failure("malformed chunk in the HTTP body")),
        (chunked + "3;" + String(repeating: "x", count: 2_000), text, .failure("malformed chunk in the HTTP body")),
        (chunked + "3\r\nal", text, .failure("connection closed within the HTTP body")),
        (ok + "\r\n", .init(path: "/", text: ""), .success()),
        (ok + "\r\naaaab", .init(path: "/", text: "aab"), .success()),
        (ok + "\r\nabacabadaba", .init(path: "/", text: "abad"), .success()),
    ]

    @Test("an answer has its outcome, however its bytes come", arguments: answers)
    func outcomes(_ answer: String, _ http: Probe.HTTP, _ outcome: ProbeOutcome) {
        for size in [1, 2, 7, 100_000] { #expect(Self.outcome(answer, http, by: size) == outcome, "by \(size)") }
    }

    @Test("an answer without end is read to its bounds")
    func bounds() {
        let much = String(repeating: "x", count: 70_000)
        #expect(
            Self.outcome(Self.ok + "A: \(much)", closes: false) == .failure("the HTTP header is longer than 64 KiB"))
        let interim = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 3_000)
        #expect(Self.outcome(interim, closes: false) == .failure("the HTTP header is longer than 64 KiB"))
        #expect(
            Self.outcome(Self.ok + "\r\n\(much)", Self.text, closes: false)
                == .failure("the text is not in the first 64 KiB of the HTTP body"))
        let chunks = String(repeating: "1\r\nx\r\n", count: 70_000)
        #expect(
            Self.outcome(Self.chunked + chunks, Self.text, closes: false)
                == .failure("the text is not in the first 64 KiB of the HTTP body"))
        let last = String(repeating: "x", count: 65_531) + "alive"
        #expect(Self.outcome(Self.ok + "\r\n\(last)", Self.text) == .success())
    }

    @Test("no more is read than the verdict needs")
    func little() {
        #expect(Self.outcome(Self.ok + "\r\nrest", closes: false) == .success())
        #expect(Self.outcome("HTTP/1.1 503 ", closes: false) == nil)
        #expect(Self.outcome("HTTP/1.1 503 \n", closes: false) == .failure("HTTP status 503"))
    }
}

@Suite("What is spoken over SMTP") struct SMTPConversationTests {
    static let hello = "EHLO [10.0.0.1]\r\n"

    static let answers: [(String, String, ProbeOutcome)] = [
        ("220 mail.example\r\n|250-mail.example\r\n250 HELP\r\n", hello + "QUIT\r\n", .success()),
        ("220-mail.example\r\n220-welcome\r\n220\r\n|250\n", hello + "QUIT\r\n", .success()),
        ("554 no\r\n", "QUIT\r\n", .failure("SMTP greeting 554")),
        ("220 a\r\n|502 what\r\n", hello + "QUIT\r\n", .failure("SMTP answer 502 to EHLO")),
        ("220-a\r\n250 b\r\n", "", .failure("an SMTP answer has two codes")),
        ("HTTP/1.1 400\r\n", "", .failure("the answer is not SMTP")),
        ("220a\r\n", "", .failure("the answer is not SMTP")),
        ("", "", .failure("connection closed without an answer")),
        ("220-a\r\n", "", .failure("connection closed within the SMTP greeting")),
        ("220 a\r\n|250-b\r\n", hello, .failure("connection closed after the SMTP greeting")),
    ]

    @Test("an answer has its outcome, however its bytes come", arguments: answers)
    func outcomes(_ answer: String, _ sent: String, _ outcome: ProbeOutcome) {
        for size in [1, 3, 100_000] {
            var conversation = StreamConversation.smtp(SMTPConversation(local: IPAddress("10.0.0.1")!))
            var result: (String, ProbeOutcome?) = ("", nil)
            // The server waits for what it is told.
            for part in answer.split(separator: "|", omittingEmptySubsequences: false) where result.1 == nil {
                let (said, end) = conversation.hear(String(part), by: size, closes: false)
                result = (result.0 + said, end)
            }
            #expect(result.0 == sent)
            #expect(result.1 ?? conversation.close() == outcome)
        }
    }

    @Test("a server that speaks out of turn, or without end, fails")
    func bounds() {
        func outcome(_ text: String) -> ProbeOutcome? {
            var conversation = StreamConversation.smtp(SMTPConversation(local: IPAddress("fd00::1")!))
            return conversation.hear(text, by: 100_000, closes: false).1
        }
        #expect(outcome("220 a\r\n250 b\r\n") == .failure("the SMTP server spoke before it was asked"))
        #expect(
            outcome("220 " + String(repeating: "x", count: 3_000)) == .failure("a line of the SMTP answer is too long"))
        #expect(
            outcome(String(repeating: "220-a\r\n", count: 10_000))
                == .failure("the SMTP answer is longer than 64 KiB"))
        #expect(SMTPConversation(local: IPAddress("fd00::1")!).hasBegun == false)
    }
}

@Suite("What is spoken over DNS, UDP and ICMP") struct DatagramConversationTests {
    static let dns = Probe.DNS(name: "www.example", type: .a)
    static let question: [UInt8] = [3, 0x77, 0x77, 0x77, 7] + "example".utf8 + [0, 0, 1, 0, 1]

    static func answer(
        flags: [UInt8] = [0x81, 0x80], questions: UInt8 = 1, question: [UInt8] = question, records: [[UInt8]]
    ) -> [UInt8] {
        [0xAB, 0xCD] + flags + [0, questions, 0, UInt8(records.count), 0, 0, 0, 0] + question + records.flatMap(\.self)
    }

    static func record(name: [UInt8] = [0xC0, 12], type: UInt8 = 1, kind: UInt8 = 1, data: [UInt8] = [1, 2, 3, 4])
        -> [UInt8]
    {
        name + [0, type, 0, kind, 0, 0, 0, 60, 0, UInt8(data.count)] + data
    }

    static func outcome(_ answer: [UInt8], _ dns: Probe.DNS = dns) -> ProbeOutcome? {
        answer.withUnsafeBytes { DNSConversation(dns, id: 0xABCD)!.receive($0) }
    }

    @Test("the query is as RFC 1035 says")
    func query() throws {
        let query = try #require(DNSConversation(Self.dns, id: 0xABCD)).query
        #expect(query == [0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + Self.question)
        #expect(DNSConversation(.init(name: ""), id: 1)?.query.dropFirst(12) == [0, 0, 6, 0, 1])
        for name in ["a..b", ".a", "a.", String(repeating: "a", count: 64), String(repeating: "ab.", count: 90) + "a"] {
            #expect(DNSConversation(.init(name: name), id: 1) == nil)
            #expect(!Probe.DNS(name: name).isNameValid)
        }
        #expect(Probe.DNS(name: String(repeating: "abc.", count: 63) + "a").isNameValid)
        #expect(!Probe.DNS(name: String(repeating: "abc.", count: 63) + "ab").isNameValid)
    }

    @Test("an answer with a record of the type is a success, and each other has its phrase")
    func outcomes() {
        #expect(Self.outcome(Self.answer(records: [Self.record()])) == .success())
        #expect(
            Self.outcome(Self.answer(records: [Self.record(type: 5, data: [0xC0, 12]), Self.record()])) == .success())
        let loud = Self.question.map { (0x61...0x7A).contains($0) ? $0 - 32 : $0 }
        #expect(Self.outcome(Self.answer(question: loud, records: [Self.record()])) == .success())
        #expect(Self.outcome(Self.answer(records: [])) == .failure("DNS answer without a record of type A"))
        #expect(
            Self.outcome(Self.answer(records: [Self.record(type: 28)]))
                == .failure("DNS answer without a record of type A"))
        #expect(
            Self.outcome(Self.answer(records: [Self.record(kind: 3)]))
                == .failure("DNS answer without a record of type A"))
        #expect(Self.outcome(Self.answer(flags: [0x81, 0x83], records: [])) == .failure("DNS status NXDOMAIN"))
        #expect(Self.outcome(Self.answer(flags: [0x81, 0x89], records: [])) == .failure("DNS status 9"))
        #expect(
            Self.outcome(Self.answer(flags: [0x81, 0x85], questions: 0, question: [], records: []))
                == .failure("DNS status REFUSED"))
        #expect(
            Self.outcome(Self.answer(flags: [0x83, 0x80], records: []))
                == .failure("truncated DNS answer without a record of type A"))
        #expect(
            Self.outcome(Self.answer(flags: [0xA9, 0x80], records: []))
                == .failure("DNS answer to another kind of query"))
        // What answers something else is not ours.
        #expect(Self.outcome(Self.answer(question: [1, 0x61, 0, 0, 1, 0, 1], records: [Self.record()])) == nil)
        #expect(Self.outcome([0xAB, 0xCE] + Self.answer(records: [Self.record()]).dropFirst(2)) == nil)
        #expect(Self.outcome(Self.answer(flags: [1, 0], records: [Self.record()])) == nil)
        #expect(Self.outcome([]) == nil)
    }

    @Test("names that point forwards, at themselves, or past the end are malformed")
    func pointers() {
        let malformed = ProbeOutcome.failure("malformed DNS answer")
        let place = UInt8(12 + Self.question.count)
        for name: [UInt8] in [
            [0xC0, place], [0xC0, place + 20], [0xC0, 0], [0xFF, 0xFF], [0x40, 0], [0x80, 0], [63],
            [1, 0x61, 0xC0, place],
        ] {
            #expect(Self.outcome(Self.answer(records: [Self.record(name: name)])) == malformed, "\(name)")
        }
        #expect(Self.outcome(Self.answer(records: [Self.record(name: [1, 0x61, 0xC0, 12])])) == .success())
        let long = [UInt8](repeating: 1, count: 400)
        #expect(Self.outcome(Self.answer(records: [Self.record(name: long)])) == malformed)
    }

    @Test("an answer cut anywhere, or with any byte changed, never breaks the reader")
    func broken() {
        let whole = Self.answer(records: [Self.record(type: 5, data: [0xC0, 12]), Self.record()])
        for length in whole.indices { #expect(Self.outcome(Array(whole[..<length])) != .success()) }
        var random = SeededGenerator(seed: 3)
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            _ = Self.outcome(bytes)
        }
    }

    @Test("an answer over UDP begins as expected")
    func udp() throws {
        func outcome(_ answer: String, _ expect: String?) throws -> ProbeOutcome? {
            let udp = Probe.UDP(send: [1], expect: expect.map { Array($0.utf8) })
            var conversation = try #require(DatagramConversation(.udp(udp), id: 0))
            #expect(conversation.datagram == [1])
            return Array(answer.utf8).withUnsafeBytes { conversation.receive($0) }
        }
        #expect(try outcome("pong 5", "pong") == .success())
        #expect(try outcome("pon", "pong") == nil)
        #expect(try outcome("x", nil) == .success())
        let silent = try #require(DatagramConversation(.udp(.init(send: [1], expect: nil)), id: 0))
        #expect(silent.silence(within: 1_000) == .success())
        let awaited = try #require(DatagramConversation(.udp(.init(send: [1], expect: [])), id: 0))
        #expect(awaited.silence(within: 1_500) == .failure("no answer within 1.5 s"))
        #expect(DatagramConversation(.tcp, id: 0) == nil)
    }

    @Test(
        "what is no answer decides nothing until the timeout, unless there is too much of it",
        arguments: [
            (
                Probe.udp(.init(send: [1], expect: Array("pong".utf8))),
                "the answer does not begin with what is expected"
            ), (.dns(.init(name: "www.example", type: .a)), "answers to other queries only"),
        ])
    func others(probe: Probe, failure: String) throws {
        var conversation = try #require(DatagramConversation(probe, id: 0x1234))
        func receive(_ bytes: [UInt8]) -> ProbeOutcome? { bytes.withUnsafeBytes { conversation.receive($0) } }
        #expect(conversation.silence(within: 1_000) == .failure("no answer within 1 s"))
        for _ in 1..<DatagramConversation.mostOthers { #expect(receive([0x12, 0x35, 0x81, 0x80]) == nil) }
        #expect(conversation.silence(within: 1_000) == .failure(failure))
        #expect(receive([]) == .failure(failure))
    }

    @Test("an echo is read from its reply alone")
    func ping() {
        for family in AddressFamily.allCases {
            let echo = PingEcho(family: family, sequence: 0x1234, nonce: 0x0102_0304_0506_0708)
            #expect(echo.request == [family == .ipv4 ? 8 : 128, 0, 0, 0, 0, 0, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8])
            var reply = echo.request
            #expect(reply.withUnsafeBytes { PingEcho(reply: $0, family: family) } == nil)
            reply[0] = family == .ipv4 ? 0 : 129
            reply[5] = 77
            #expect(reply.withUnsafeBytes { PingEcho(reply: $0, family: family) } == echo)
            #expect(reply.dropLast().withUnsafeBytes { PingEcho(reply: $0, family: family) } == nil)
        }
    }
}

@Suite("What certificates and programs say") struct PhraseTests {
    @Test("the dates of a certificate")
    func dates() {
        let dates = CertificateDates(notBefore: 1_000_000, notAfter: 2_000_000)
        #expect(dates.failure(at: 1_000_000) == nil)
        #expect(dates.failure(at: 2_000_000) == nil)
        #expect(dates.failure(at: 2_000_001) == "certificate expired 1 second ago")
        #expect(dates.failure(at: 2_000_000 + 2 * 86_400) == "certificate expired 2 days ago")
        #expect(dates.failure(at: 1_000_000 - 3_700) == "certificate not valid until 1 hour from now")
    }

    @Test("the exit status of a program is a weight, and its first line a reason")
    func commands() {
        func outcome(_ end: CommandEnd, _ output: String = "") -> ProbeOutcome {
            end.outcome(output: Array(output.utf8))
        }
        #expect(outcome(.status(0)) == .success())
        #expect(outcome(.status(0), "\n fine \nmore") == .success(note: "fine "))
        #expect(outcome(.status(1)) == .failure("exit status 1"))
        #expect(outcome(.status(1), "disk full\r\n") == .failure("disk full"))
        #expect(outcome(.status(2)) == .success(weight: 0))
        #expect(outcome(.status(255), "x") == .success(weight: 253, note: "x"))
        #expect(outcome(.signal(11), "x") == .failure("the command was ended by signal 11"))
    }

    @Test("the latenesses of ten seconds")
    func lateness() {
        var window = LatenessWindow()
        #expect(window.summary == .init())
        for lateness in 1...100 { window.record(lateness * 1_000) }
        let summary = window.summary
        #expect(summary.maximum == 100_000)
        #expect((50_000...57_000).contains(summary.median))
        #expect((99_000...100_000).contains(summary.percentile99))
        window.advance()
        window.record(5_000_000)
        window.record(-1)
        #expect(window.summary.maximum == 5_000_000)
        for _ in 0..<9 { window.advance() }
        #expect(window.summary.maximum == 5_000_000)
        window.advance()
        #expect(window.summary == .init())
        window.record(.max)
        #expect(window.summary == .init(median: .max, percentile99: .max, maximum: .max))
    }
}
