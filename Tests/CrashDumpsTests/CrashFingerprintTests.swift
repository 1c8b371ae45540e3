import CrashDumps
import Testing
import Text

struct CrashFingerprintTests {
    private static func frames(_ names: [(String, String)]) -> [DumpOutput.Frame] {
        names.enumerated().map {
            DumpOutput.Frame(function: $1.1, file: "a.c", line: $0, module: $1.0, address: UInt64($0))
        }
    }

    private static func fingerprint(_ end: String, _ names: [(String, String)]) -> String {
        CrashFingerprint(end, frames(names)) { $0.hasBytePrefix("/srv/") }.description
    }

    @Test func `the functions of the program count, and neither their lines nor the system's functions`() {
        let one = Self.fingerprint(
            "crashed 6", [("/lib/libc.so", "abort"), ("/srv/1/tg", "parse"), ("/srv/1/tg", "main")])
        let two = Self.fingerprint(
            "crashed 6", [("/srv/2/tg", "parse"), ("/lib/libc.so", "qsort"), ("/srv/2/tg", "main")])
        #expect(one == two)
        #expect(one.utf8.count == 16)
        #expect(one != Self.fingerprint("crashed 11", [("/srv/1/tg", "parse"), ("/srv/1/tg", "main")]))
        #expect(one != Self.fingerprint("crashed 6", [("/srv/1/tg", "main"), ("/srv/1/tg", "parse")]))
    }

    @Test func `five functions count`() {
        let names = (0..<7).map { ("/srv/tg", "f\($0)") }
        let end = Self.fingerprint("crashed 11", names)
        #expect(end == Self.fingerprint("crashed 11", Array(names.prefix(5))))
        #expect(end != Self.fingerprint("crashed 11", Array(names.prefix(4))))
    }

    @Test func `without a function of the program those of the system count, and no part is taken for two`() {
        #expect(Self.fingerprint("hung", [("/lib/a", "x")]) != Self.fingerprint("hung", [("/lib/a", "y")]))
        #expect(
            Self.fingerprint("hung", [("/lib/a", "xy")]) != Self.fingerprint("hung", [("/lib/a", "x"), ("/l", "y")]))
        #expect(
            CrashFingerprint("killed 9", program: "/srv/1/bin/tg", place: nil)
                == CrashFingerprint("killed 9", program: "/srv/2/bin/tg", place: nil))
    }
}
