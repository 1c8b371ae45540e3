import JSON
import Testing

@testable import AdminAPI

@Suite("Crash reports") struct CrashReportTests {
    private static let good: JSONValue = [
        "id": "0123456789abcdef01234567", "service": "tg.1", "worker": 1, "pid": 7, "at": "2027-01-15T03:12:09Z",
        "kind": "not-ready", "fingerprint": "0123456789abcdef", "program": "/srv/tg",
        "frames": [["address": "0x1f"]], "text": "a\u{1b}b\n", "dumpSize": 0,
    ]

    private static func with(_ name: String, _ value: JSONValue) -> JSONValue {
        guard case .object(let members) = good else { return good }
        return .object(members.filter { $0.name != name } + [.init(name: name, value: value)])
    }

    private func faults(_ json: JSONValue) -> [String] {
        do throws(BodyError) {
            _ = try CrashReport(json: Array("\(json)".utf8), .strict)
            return []
        } catch {
            return error.faults.map(\.pointer)
        }
    }

    @Test("a report without what is not known is read, and written as it was")
    func reading() throws {
        let report = try CrashReport(json: Array("\(Self.good)".utf8), .strict)
        #expect(report.kind == .notReady && report.version == nil && report.frames == [CrashFrame(address: "0x1f")])
        #expect(report.text == "a\u{1b}b\n")
        #expect(try CrashReport(json: report.jsonBytes, .strict) == report)
    }

    @Test(
        "what breaks a rule is named by its place",
        arguments: [
            ("id", "0123456789ABCDEF01234567"), ("id", "0123"), ("service", "tg"), ("version", "0a"), ("worker", 65),
            ("worker", -1), ("pid", 0), ("at", "yesterday"), ("kind", "bored"), ("signal", 65), ("exitCode", 256),
            ("fingerprint", "../../../../etc/x"), ("program", "a\nb"), ("threads", -1), ("dumpSize", 8_388_609),
            ("problem", "\u{1b}[2J"), ("text", .string(String(repeating: "x", count: 65_537))), ("other", 1),
            ("frames", .array(Array(repeating: ["address": "0x1"], count: 65))),
        ] as [(String, JSONValue)])
    func faults(name: String, value: JSONValue) { #expect(faults(Self.with(name, value)) == ["#/\(name)"]) }

    @Test("a fault in a frame has its own place")
    func frames() {
        let frames: JSONValue = [
            ["address": "0x1"], ["address": "1f", "line": -1, "function": "a\u{7}"], ["function": "f"],
        ]
        #expect(
            Set(faults(Self.with("frames", frames))) == [
                "#/frames/1/address", "#/frames/1/line", "#/frames/1/function", "#/frames/2/address",
            ])
    }

    @Test("the longest report fits into a body")
    func size() {
        let name = String(repeating: "\u{1F600}", count: Limits.crashName)
        let frame = CrashFrame(function: name, file: name, line: 1, module: name, address: "0xffffffffffffffff")
        let report = CrashReport(
            id: String(repeating: "a", count: 24), service: "tg.1", pid: 1, at: "2027-01-15T03:12:09Z", kind: .crashed,
            fingerprint: String(repeating: "a", count: 16), program: name,
            frames: Array(repeating: frame, count: Limits.crashFrames),
            text: String(repeating: "\u{1}", count: Limits.crashText))
        #expect(report.jsonBytes.count < Limits.body)
    }

    @Test("how a process ended, in words")
    func words() {
        #expect(CrashKind.crashed.words(signal: 11) == "crashed: SIGSEGV")
        #expect(CrashKind.killed.words(signal: 9) == "killed: SIGKILL")
        #expect(CrashKind.crashed.words(signal: 40) == "crashed: signal 40")
        #expect(CrashKind.exited.words(signal: nil, exitCode: 3) == "exited with status 3")
        #expect(CrashKind.notReady.words(signal: nil) == "did not become ready")
        #expect(CrashFrame(function: "f\u{202e}", file: "a.c", line: 3, address: "0x1").words == #"f\u{202E} at a.c:3"#)
        #expect(CrashFrame(address: "0x1f").words == "0x1f")
    }

    @Test("wishes for dumps are read from a header, and nothing else is")
    func wishes() {
        let id = "0123456789abcdef01234567"
        let list = [WantedDump(crash: id, number: 7), WantedDump(crash: id, number: 8)]
        #expect(WantedDump.text(list) == "\(id).7 \(id).8")
        #expect(WantedDump.list("\(id).7 \(id).8") == list)
        #expect(WantedDump.list("none ../etc.1 \(id) \(id).x \(id).7.8  ").isEmpty)
        #expect(WantedDump.text([]) == nil)
    }
}
