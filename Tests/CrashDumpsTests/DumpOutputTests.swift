import CrashDumps
import Testing
import Text

struct DumpOutputTests {
    private static let said = """
        [Thread debugging using libthread_db enabled]
        0x00007f in __GI___clock_nanosleep () at nanosleep.c:71

        {"dump": 1, "threads": 9, "isFound": true, "frames": [\
        {"function": "parse", "file": "tg.c", "line": 4, "module": "/srv/tg", "address": 94349595169100}, \
        {"function": "$s2s26lookUpySiAA7SessionC_SitF", "file": null, "line": null, "module": null, "address": 7}]}

        #5  0x000055cf in parse (line="hello") at tg.c:4
                length = 5

        All threads

        Thread 1 (LWP 3143) tg
        """

    @Test func `frames, threads and the text of the thread that crashed are found behind gdb's own messages`() throws {
        let output = try #require(DumpOutput(Array(Self.said.utf8)))
        #expect(output.threads == 9)
        #expect(output.isThreadFound)
        #expect(
            output.frames.first
                == DumpOutput.Frame(
                    function: "parse", file: "tg.c", line: 4, module: "/srv/tg", address: 94_349_595_169_100))
        #expect(output.frames.last?.function == "s2.lookUp(s2.Session, Swift.Int) -> Swift.Int")
        #expect(String(output.crashedThread).hasByteSuffix("length = 5"))
        #expect(output.text.hasByteSuffix("Thread 1 (LWP 3143) tg"))
    }

    @Test func `a gdb that was ended half-way has said what it had come to`() throws {
        let whole = Array(Self.said.utf8)
        let line = try #require(whole.firstRange(of: Array("\n#5".utf8)))
        #expect(DumpOutput(Array(whole[..<line.lowerBound]))?.frames.count == 2)
        #expect(DumpOutput(Array(whole.prefix(200))) == nil)
        #expect(DumpOutput(Array("Could not attach to process.\n".utf8)) == nil)
        #expect(DumpOutput([]) == nil)
    }

    @Test func `what is no line of the script is no dump`() {
        #expect(DumpOutput(Array("\n{\"dump\": 1, \"frames\": [\n".utf8)) == nil)
        #expect(DumpOutput(Array("\n{\"dump\": 1, \"frames\": 3}\n".utf8))?.frames.isEmpty == true)
        let many = (0..<1_000).map { _ in "{\"address\": -1, \"function\": 3}" }.joined(separator: ", ")
        let output = DumpOutput(Array("\n{\"dump\": 1, \"frames\": [\(many)]}\n".utf8))
        #expect(output?.frames == Array(repeating: DumpOutput.Frame(), count: DumpScript.mostFrames))
    }

    @Test func `names of Swift are made readable within a text, others are left alone`() {
        let text = "#8 in $s2s26lookUpySiAA7SessionC_SitF (index=7) $5 $s $sZZZ costs 3$ at s2.swift:17"
        #expect(
            SwiftName.demangled(in: text)
                == "#8 in s2.lookUp(s2.Session, Swift.Int) -> Swift.Int (index=7) $5 $s $sZZZ costs 3$ at s2.swift:17")
        let hostile = "$s" + String(repeating: "Say", count: 600) + String(repeating: "G", count: 600)
        #expect(!SwiftName.demangled(hostile).isEmpty)
        #expect(SwiftName.demangled("$s" + String(repeating: "S", count: 100_000)).utf8.count == 100_002)
    }
}
