import TestSupport
import Testing

@testable import HealthChecks

@Suite("The text of a check") struct HealthCheckTextTests {
    static let known: [(HealthCheck, String)] = [
        (HealthCheck(.tcp), "tcp"),
        (HealthCheck(.smtp, port: 25, dropAfter: nil), "smtp port=25 drop-after=never"),
        (HealthCheck(.ping, timing: .init(interval: 500)), "ping interval=0.5"),
        (HealthCheck(.ping, timing: .init(interval: 500, fastInterval: 250)), "ping interval=0.5 fast-interval=0.25"),
        (HealthCheck(.tls(.init(name: "a.example", verify: .full))), "tls name=a.example verify=full"),
        (
            HealthCheck(
                .http(.init(path: "/health?a=1,2", host: "x", statuses: [200...200, 204...299], text: "all \"well\"")),
                port: 8080, timing: .init(interval: 2_000, timeout: 1_001, rise: 1, fall: 2), dropAfter: 0),
            "http path=/health?a=1%2C2 host=x status=200;204-299 text=all%20%22well%22 port=8080 interval=2 timeout=1.001 "
                + "rise=1 fall=2 drop-after=0"
        ),
        (HealthCheck(.http(.init(path: "/", tls: .init()))), "https path=/"),
        (HealthCheck(.dns(.init(name: "example.org", type: .aaaa))), "dns query=example.org type=aaaa"),
        (HealthCheck(.udp(.init(send: [0, 0xFF], expect: []))), "udp send=%00%FF expect="),
        (HealthCheck(.command(["/usr/bin/check", "-a", "ä b"])), "command arg=/usr/bin/check arg=-a arg=%C3%A4%20b"),
    ]

    @Test("each kind has its text, and is read from it", arguments: known)
    func bothWays(_ check: HealthCheck, _ text: String) throws {
        #expect(check.description == text)
        #expect(try HealthCheck(text: text) == check)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("", "\"\" is no kind of check"),
            ("icmp", "\"icmp\" is no kind of check"),
            ("tcp port", "\"port\" is no KEY=VALUE"),
            ("tcp  port=1", "\"\" is no KEY=VALUE"),
            ("tcp port=0", "port \"0\" is no number from 1 to 65535"),
            (
                "tcp port=080",
                "is to be written without usual values, and with its keys in the usual order: tcp port=80"
            ),
            ("tcp port=99999999999999999999", "port \"99999999999999999999\" is no number from 1 to 65535"),
            ("tcp port=1 port=1", "\"port\" is there twice"),
            ("tcp path=/", "\"path\" is no key of a tcp check"),
            ("tcp interval=5", "is to be written without usual values, and with its keys in the usual order: tcp"),
            ("tcp interval=0.05", "interval \"0.05\" is no time from 0.1 to 3600 seconds with at most three decimals"),
            (
                "tcp interval=1.0001",
                "interval \"1.0001\" is no time from 0.1 to 3600 seconds with at most three decimals"
            ),
            ("tcp interval=1e3", "interval \"1e3\" is no time from 0.1 to 3600 seconds with at most three decimals"),
            ("http", "\"path\" is missing"),
            ("http path=x", "path \"x\" does not begin with /"),
            ("http path=/ status=200-199", "status \"200-199\" is no ascending list of statuses from 200 to 599"),
            ("http path=/ status=200;201", "status \"200;201\" is no ascending list of statuses from 200 to 599"),
            ("http path=/ status=", "status \"\" is no ascending list of statuses from 200 to 599"),
            ("http path=/%2", "path: % is not followed by two hexadecimal digits in upper case"),
            ("http path=/%2f", "path: % is not followed by two hexadecimal digits in upper case"),
            ("http path=/%FF", "path is not UTF-8"),
            (
                "http path=/ port=80 host=x",
                "is to be written without usual values, and with its keys in the usual order: http path=/ host=x port=80"
            ),
            ("tls verify=maybe", "verify \"maybe\" is not one of none, dates, full"),
            ("udp expect=x", "\"send\" is missing"),
            ("command", "\"arg\" is missing"),
        ])
    func faults(_ text: String, _ message: String) {
        #expect(throws: HealthCheckError(message)) { try HealthCheck(text: text) }
    }

    @Test("random checks are read back, and random texts never break the reader")
    func random() throws {
        var random = SeededGenerator(seed: 9)
        func time(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        for _ in 0..<2_000 {
            var (check, _) = try #require(Self.known.randomElement(using: &random))
            check.timing = .init(
                interval: time(HealthCheck.times), fastInterval: time(HealthCheck.times),
                timeout: time(HealthCheck.times),
                rise: time(HealthCheck.counts), fall: time(HealthCheck.counts))
            check.dropAfter = Bool.random(using: &random) ? nil : time(HealthCheck.dropTimes)
            check.port = Bool.random(using: &random) ? nil : UInt16(time(1...65_535))
            #expect(try HealthCheck(text: check.description) == check)

            var bytes = Array(check.description.utf8)
            bytes[bytes.indices.randomElement(using: &random) ?? 0] = UInt8.random(in: 0...127, using: &random)
            let text = String(decoding: bytes, as: UTF8.self)
            if let other = try? HealthCheck(text: text) { #expect(other.description == text) }
        }
    }
}
