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
        #expect(output.text.hasBytePrefix("#0  0x000055cf in parse"))
        #expect(output.text.hasByteSuffix("Thread 1 (LWP 3143) tg"))
    }

    @Test
    func `functions that end a program are left out, and frames have one number in the stack and in the variables`() {
        let said = """

            {"dump": 1, "threads": 1, "isFound": true, "frames": [\
            {"function": "__GI_abort", "address": 1}, \
            {"function": null, "address": 6}, \
            {"function": "__cxxabiv1::__terminate(void (*)())", "address": 2}, \
            {"function": "$ss17_assertionFailure__4file4line5flagss5NeverOs12StaticStringV_A2HSus6UInt32VtF", "address": 3}, \
            {"function": "tg::open_session", "address": 4}, {"function": "abort", "address": 5}]}

            #9  __GI_abort () at abort.c:79
                    save_stage = 1
            #10 0x6 in ?? () from libstdc++.so.6
            #11 0x2 in __cxxabiv1::__terminate(void (*)()) ()
            #12 0x3 in $ss17_assertionFailure ()
            #13 0x4 in tg::open_session (port=1) at tg.cpp:4
                    #1 = 7
            #14 0x5 in abort ()

            All threads

            #9  __GI_abort () at abort.c:79
            """
        let output = DumpOutput(Array(said.utf8))
        #expect(output?.frames.map(\.address) == [4, 5])
        #expect(
            output?.text == """
                #0  0x4 in tg::open_session (port=1) at tg.cpp:4
                        #1 = 7
                #1  0x5 in abort ()

                All threads

                #9  __GI_abort () at abort.c:79
                """)
        let all = said.replacing("tg::open_session\"", with: "raise\"")
        #expect(DumpOutput(Array(all.utf8))?.frames.count == 6)
        let unknown = "\n{\"dump\": 1, \"frames\": [{\"address\": 1}, {\"function\": \"main\"}]}\n"
        #expect(DumpOutput(Array(unknown.utf8))?.frames.count == 2)
    }

    @Test(arguments: [
        ("abort", true), ("abort_session", false), ("std::terminate()", true), ("std::terminator()", false),
        ("Swift._assertionFailure(_: Swift.StaticString) -> Swift.Never", true), ("SwiftUI.run() -> ()", false),
        ("Swift runtime failure: Index out of range", true), ("std::__throw_out_of_range_fmt(char const*, ...)", true),
        ("generic specialization <Swift.Int> of Swift.Array.subscript.getter : (Swift.Int) -> A", true),
        ("merged generic specialization <Swift.UInt64> of Swift.Array.subscript.getter : (Swift.Int) -> A", true),
        ("generic specialization <Swift.Int> of tg.Session.find(A) -> A", false),
        (
            "closure #1 (Swift.Int) -> () in closure #2 (Swift.Int) -> () in Swift._assertionFailure() -> Swift.Never",
            true
        ),
        ("closure #1 (Swift.Int) -> () in tg.Session.find() -> ()", false),
        ("(extension in tg):Swift.Array.oldest() -> A", false),
    ])
    func `functions of runtimes are known by their names`(name: String, isEnding: Bool) {
        let frames = "{\"function\": \"\(name)\"}, {\"function\": \"main\"}"
        let output = DumpOutput(Array("\n{\"dump\": 1, \"frames\": [\(frames)]}\n".utf8))
        #expect(output?.frames.count == (isEnding ? 1 : 2))
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
