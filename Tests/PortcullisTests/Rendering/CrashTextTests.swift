import AdminAPI
import CommandLineSupport
import Testing

@testable import portcullis

@Suite("Crashes for people") struct CrashTextTests {
    private static let version = CrashVersion(
        digest: String(repeating: "0a", count: 32), name: "1.5.0", variant: "debug")
    private static let group = CrashGroup(
        fingerprint: "0123456789abcdef", kind: .crashed, signal: 11, function: "handle\u{202e}", count: 12,
        firstSeen: "2027-01-01T00:00:00.000Z", lastSeen: "2027-01-15T00:00:00.000Z", services: 2, servers: 1,
        versions: 1, lastReport: "0123456789abcdef01234567", lastService: "tg.1", lastServer: "app1",
        lastVersion: version)
    private static let report = CrashResource(
        id: "0123456789abcdef01234567", fingerprint: "0123456789abcdef", service: "tg.1", server: "app1",
        version: version, worker: 2, pid: 77, at: "2027-01-15T00:00:00.000Z", receivedAt: "2027-01-15T00:00:01.000Z",
        kind: .crashed, signal: 11, program: "/srv/tg", threads: 9, dumpSize: 100,
        frames: [
            CrashFrame(function: "handle", file: "src/tg.c", line: 42, address: "0x1"),
            CrashFrame(module: "/lib/libc.so.6", address: "0x2"),
        ], text: "#0  handle (c=0x0)\n\tn = 7 \u{1b}[2J\n")

    @Test("a row says what, where, and in which version")
    func table() {
        let rows = CrashText.table([Self.group], isWide: false).text.split(separator: "\n")
        #expect(
            rows[1]
                == #"0123456789abcdef  2027-01-15T00:00:00.000Z     12  crashed: SIGSEGV  handle\u{202E}  tg.1     app1    1.5.0/debug"#
        )
        var long = Self.group
        long.function = String(repeating: "f", count: 500)
        let row = CrashText.table([long], isWide: false).rows[0]
        #expect(row[4] == String(repeating: "f", count: 60) + "…")
        #expect(CrashText.table([Self.group], isWide: true).text.contains("SERVICES  SERVERS  FIRST"))
    }

    @Test("a crash is shown with its stack and variables, and nothing of it reaches the terminal as it is")
    func crash() {
        let detail = CrashGroupDetail(
            group: Self.group, frames: [CrashFrame(function: "known", address: "0x1")],
            counts: [
                CrashTally(
                    type: "tg", version: CrashVersion(), count: 12, firstSeen: Self.group.firstSeen,
                    lastSeen: Self.group.lastSeen)
            ], reports: [Self.report])
        let text = CrashText.crash(detail, Self.report)
        #expect(text.contains("\nstack:\n#0  handle at src/tg.c:42\n#1  0x2 in /lib/libc.so.6\n"))
        #expect(text.hasSuffix("variables:\n#0  handle (c=0x0)\n\tn = 7 \\u{1B}[2J"))
        #expect(text.contains("tg    others   others  unknown     12"))
        #expect(!text.contains("\u{1b}") && !text.contains("\u{202e}"))
        let without = CrashText.crash(detail, nil)
        #expect(without.hasSuffix("stack:\n#0  known in ") == false && without.contains("stack:\n#0  known"))
        #expect(!without.contains("variables"))
        var newer = Self.report
        newer.id = "f123456789abcdef01234567"
        let both = CrashGroupDetail(group: Self.group, frames: [], counts: [], reports: [newer, Self.report])
        #expect(CrashText.crash(both, Self.report).contains("report   0123456789abcdef01234567 (1 newer above)\n"))
    }
}
