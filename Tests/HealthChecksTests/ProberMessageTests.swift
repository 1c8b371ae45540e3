import NetworkTypes
import TestSupport
import Testing

@testable import HealthChecks

@Suite("The messages between daemon and prober") struct ProberMessageTests {
    static let server = IPAddress("10.1.0.11")!

    static let daemon: [(DaemonMessage, String)] = [
        (.greeting(version: 1), "portcullis-checks 1"),
        (
            .target(id: 7, ProbeTarget(HealthCheck(.tcp), address: server, port: 80), known: nil),
            "target 7 10.1.0.11 80 tcp"
        ),
        (
            .target(
                id: .max, ProbeTarget(HealthCheck(.ping), address: IPAddress("fd00::11")!, port: 0),
                known: .init(.down, age: 1_500)),
            "target 18446744073709551615 fd00::11 0 down 1500 ping"
        ),
        (
            .target(
                id: 0,
                ProbeTarget(HealthCheck(.http(.init(path: "/a b")), port: 8080), address: server, port: 8080),
                known: .init(.up, age: 0)),
            "target 0 10.1.0.11 8080 up 0 http path=/a%20b port=8080"
        ),
        (.remove(id: 7), "remove 7"),
        (.whole, "whole"),
    ]

    static let prober: [(ProberMessage, String)] = [
        (.greeting(version: 1), "portcullis-checks 1"),
        (.verdict(.init(id: 7, .up, age: 0, latency: 350)), "verdict 7 up 0 350 -"),
        (
            .verdict(.init(id: 7, .down, age: 12, latency: 3_000_000, reason: "no answer within 3 s")),
            "verdict 7 down 12 3000000 no%20answer%20within%203%20s"
        ),
        (.verdict(.init(id: 7, .up, age: 0, latency: 9, weight: 253, reason: "ä")), "verdict 7 up 0 9 253 %C3%A4"),
        (.verdict(.init(id: 7, .up, age: 0, latency: 9, weight: 0, reason: "-")), "verdict 7 up 0 9 0 %2D"),
        (.result(.init(id: 7, failures: 3, latency: 20, reason: "100%")), "result 7 3 20 100%25"),
        (
            .alive(.init(targets: 5, probes: 100, failed: 2, lateness: .init(median: 1, percentile99: 2, maximum: 3))),
            "alive 5 100 2 1 2 3 -"
        ),
        (
            .alive(.init(targets: 5, probes: 0, failed: 0, problem: "no file descriptors")),
            "alive 5 0 0 0 0 0 no%20file%20descriptors"
        ),
    ]

    @Test("each line of the daemon has its text, and is read from it", arguments: daemon)
    func bothWays(_ message: DaemonMessage, _ line: String) throws {
        #expect(message.description == line)
        #expect(try DaemonMessage(line: line) == message)
    }

    @Test("each line of the prober has its text, and is read from it", arguments: prober)
    func bothWays(_ message: ProberMessage, _ line: String) throws {
        #expect(message.description == line)
        #expect(try ProberMessage(line: line) == message)
    }

    @Test(
        "what is wrong in a line of the daemon is named",
        arguments: [
            ("", "\"\" has words that are not separated by one space"),
            ("remove  7", "\"remove  7\" has words that are not separated by one space"),
            ("whole ", "\"whole \" has words that are not separated by one space"),
            ("whole\r", "\"whole\\r\" has bytes that are no printable ASCII"),
            ("alive 1", "\"alive\" is no message of the daemon"),
            ("whole 1", "whole: \"1\" follows the last word"),
            ("portcullis-checks x", "portcullis-checks: VERSION \"x\" is no number from 0 to 9223372036854775807"),
            ("remove", "remove: ID is missing"),
            ("remove 07", "remove: is written otherwise: remove 7"),
            ("remove -7", "remove: ID \"-7\" is no number from 0 to 18446744073709551615"),
            (
                "remove 18446744073709551616",
                "remove: ID \"18446744073709551616\" is no number from 0 to 18446744073709551615"
            ),
            ("target 7 10.1.0.256 80 tcp", "target: ADDRESS \"10.1.0.256\" is no IP address"),
            ("target 7 FD00::1 80 tcp", "target: is written otherwise: target 7 fd00::1 80 tcp"),
            ("target 7 10.1.0.11 65536 tcp", "target: PORT \"65536\" is no number from 0 to 65535"),
            ("target 7 10.1.0.11 0 tcp", "target: PORT 0 is none that the check can ask"),
            ("target 7 10.1.0.11 80", "target: CHECK is missing"),
            ("target 7 10.1.0.11 80 up", "target: AGE is missing"),
            ("target 7 10.1.0.11 80 up 5", "target: CHECK is missing"),
            ("target 7 10.1.0.11 80 gone 5 tcp", "target: CHECK \"5\" is no KEY=VALUE"),
            (
                "target 7 10.1.0.11 80 tcp port=080",
                "target: CHECK is to be written without usual values, and with its keys in the usual order: tcp port=80"
            ),
        ])
    func daemonFaults(_ line: String, _ message: String) {
        #expect(throws: ProberMessageError(message)) { try DaemonMessage(line: line) }
    }

    @Test(
        "what is wrong in a line of the prober is named",
        arguments: [
            ("whole", "\"whole\" is no message of the prober"),
            ("verdict 7 5 5 5 -", "verdict: neither up nor down follows the ID"),
            ("verdict 7 up 5 5", "verdict: REASON is missing"),
            ("verdict 7 up 5 5 254 -", "verdict: WEIGHT \"254\" is no number from 0 to 253"),
            ("verdict 7 up 5 5 1 - -", "verdict: \"-\" follows the last word"),
            ("verdict 7 up 5 5 %2", "verdict: REASON: % is not followed by two hexadecimal digits in upper case"),
            ("verdict 7 up 5 5 %FF", "verdict: REASON is not UTF-8"),
            ("verdict 7 up 5 5 %41", "verdict: is written otherwise: verdict 7 up 5 5 A"),
            ("result 7 x 5 -", "result: FAILURES \"x\" is no number from 0 to 9223372036854775807"),
            ("alive 1 2 3 4 5 6", "alive: PROBLEM is missing"),
        ])
    func proberFaults(_ line: String, _ message: String) {
        #expect(throws: ProberMessageError(message)) { try ProberMessage(line: line) }
    }

    @Test("a long reason is cut between code points, and the line can be read")
    func longReason() throws {
        for start in ["", "a", "aa", "aaa"] {
            let message = ProberMessage.result(
                .init(id: 1, failures: 1, latency: 1, reason: start + String(repeating: "😀", count: 3_000)))
            let line = message.description
            #expect(line.utf8.count <= ProberProtocol.longestLine)
            guard case .result(let result) = try ProberMessage(line: line) else {
                throw ProberMessageError("no result")
            }
            let reason = try #require(result.reason)
            #expect(reason.utf8.count > ProberProtocol.longestReason - 8)
            #expect(reason.utf8.count <= ProberProtocol.longestReason)
        }
    }

    @Test("lines are taken out of bytes, however they are cut")
    func lines() throws {
        let bytes = Array("portcullis-checks 1\nremove 7\nwhole\nrem".utf8)
        for size in 1...bytes.count {
            var lines = MessageLines()
            var taken: [String] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                lines.append(rest.prefix(size))
                rest = rest.dropFirst(size)
                while let line = try lines.next() { taken.append(line) }
            }
            #expect(taken == ["portcullis-checks 1", "remove 7", "whole"])
        }
    }

    @Test("a line without end is refused once it is too long")
    func endless() throws {
        var lines = MessageLines()
        lines.append(Array(repeating: 0x61, count: ProberProtocol.longestLine) + [0x0A])
        #expect(try lines.next()?.utf8.count == ProberProtocol.longestLine)
        lines.append(Array(repeating: 0x61, count: ProberProtocol.longestLine))
        #expect(try lines.next() == nil)
        lines.append([0x61])
        #expect(throws: ProberMessageError.self) { try lines.next() }
    }
}
