import Testing

@testable import Keepalived

@Suite("Lines of a keepalived configuration") struct KeepalivedReadingTests {
    /// The words of each line; braces are words.
    private func lines(
        _ text: String, others: [String: String] = [:], id: String? = nil
    ) throws(KeepalivedError) -> [String] {
        let files = MemoryFiles(texts: others.merging(["k.conf": text]) { $1 })
        var preprocessor = KeepalivedPreprocessor(files: files.files, configurationID: id)
        try preprocessor.read("k.conf")
        return preprocessor.lines.map { line in
            line.tokens.map { token in
                switch token {
                case .word(let word): word
                case .open: "{"
                case .close: "}"
                }
            }.joined(separator: "|")
        }
    }

    @Test("comments, quotes, escapes and braces")
    func words() throws {
        #expect(try lines("a b # c\n! d\n  e\t\"f # g\" !h\n\n") == ["a|b", "e|f # g"])
        #expect(try lines(#"ab" c 'd "e 'x "y'"#) == [#"ab c 'd e|x "y"#])
        #expect(try lines(##""\x41\101\n\"" \#t"##) == ["AA\n\"|#t"])
        #expect(try lines("real_server 10.1.0.1 80{weight 1}\r\n") == ["real_server|10.1.0.1|80|{|weight|1|}"])
        #expect(try lines("a \"\"") == ["a|"])
        #expect(fault("a \"b\n").contains("k.conf:1: a quote is not closed"))
    }

    @Test("definitions are replaced when they are used, in lines of their own too")
    func definitions() throws {
        let text = "$BASE=10.2.${SUB}\n$SUB=0\n${BASE}.1\n$SUB=1\n${BASE}.1 $SUB x$SUBx ${UNKNOWN}\n$EMPTY=\na $EMPTY\n"
        #expect(try lines(text) == ["10.2.0.1", "10.2.1.1|1|x$SUBx|${UNKNOWN}", "a"])
        let several = "$RS= \\\n  real ${N} { \\\n\n  weight ${N} \\\n  }\n$N=1\n$RS\n$N=2\n$RS\nend\n"
        #expect(
            try lines(several) == ["real|1|{", "weight|1", "}", "real|2|{", "weight|2", "}", "end"])
        #expect(try lines("a${_HASH}b ${_BANG}\nx ${_PWD}") == ["a#b|!", "x|."])
        #expect(fault("$A=${B}\n$B=${A}\nx ${A}\n").contains("k.conf:3: the line's definitions refer to each other"))
        #expect(fault("$A=${A}${A}${A}${A} aaaaaaaaaaaaaa\nx ${A}\n").contains("k.conf:2:"))
        #expect(fault("x ${_RANDOM 1 5}\n").contains("another number each time"))
        #expect(fault("$A= \\\n  $A \nx\n$A\n").contains("k.conf:4:"))
    }

    @Test("conditions need the machine that is meant")
    func conditions() throws {
        let text = "@main a\n@backup b\n@^main c\n@main $P=1\n@backup $P=2\np $P\n$IF=@main\n$IF d\n"
        #expect(try lines(text, id: "main") == ["a", "p|1", "d"])
        #expect(try lines(text, id: "backup") == ["b", "c", "p|2"])
        #expect(fault(text).contains("k.conf:1: the line is for \"@main\" alone"))
        // A definition that does not apply takes its lines with it.
        #expect(try lines("@b $X= \\\n a \\\n b\nc\n", id: "a") == ["c"])
    }

    @Test("sequences and lists repeat the rest of the line")
    func repetition() throws {
        #expect(try lines("~SEQ(N, 0, 3) ip 10.0.${N}.1") == (0...3).map { "ip|10.0.\($0).1" })
        #expect(try lines("~SEQ(N, 2) ~SEQx(M, 0x1e, 1, 0x20) ${N}:${M}").count == 6)
        #expect(try lines("~SEQx(M, 144, 16, 192) f${M}") == ["f90", "fa0", "fb0", "fc0"])
        #expect(try lines("~SEQ(N, -2) ${N}") == ["-1", "-2"])
        #expect(try lines("~LST({A, B}, {10,1},{20,4}) ${A}.${B}") == ["10.1", "20.4"])
        #expect(try lines("~LST(A, x, y) $A") == ["x", "y"])
        for bad in [
            "~SEQ(N, 1", "~SEQ(1, 2) x", "~SEQ(N, 1, 0, 3) x", "~SEQ(N, 999999999) x", "~LST(A) x", "~LST({A,B},{1}) x",
        ] {
            #expect(fault(bad).hasPrefix("k.conf:1:"), "\(bad)")
        }
        #expect(fault("~SEQ(A, 1000) ~SEQ(B, 1000) x\n").contains("more than 200000 lines"))
    }

    @Test("files are included in the order of their names, with paths of their own, and not in a circle")
    func includes() throws {
        let others = ["conf.d/b.conf": "b ${_PWD}\n", "conf.d/a.conf": "include c.inc\na\n", "conf.d/c.inc": "c\n"]
        #expect(try lines("include conf.d/*\n", others: others) == ["c", "a", "b|conf.d", "c"])
        #expect(fault("include none.conf\n").contains("k.conf:1: \"none.conf\": no such file"))
        #expect(
            fault("include a\n", others: ["a": "x\nincludea k.conf\n"])
                == "a:2: the files include each other: \"k.conf\" includes \"a\" includes \"k.conf\"")
        let notes = try imported("include none/*\n" + virtualServer()).notes
        #expect(notes.map(\.description) == ["k.conf:1: include: no file matches \"none/*\""])
    }

    @Test("blocks are closed, and belong to a keyword")
    func blocks() {
        #expect(
            fault("virtual_server 198.51.100.36 80 {\nreal_server 10.1.0.1 80 {\n}\n")
                == "k.conf:1: the block of \"virtual_server\" is not closed")
        #expect(
            fault("virtual_server 198.51.100.36 80 { protocol TCP real_server 10.1.0.1 80 { } }\n")
                == "k.conf:1: \"real_server\" must begin a line of its own")
        #expect(fault("}\n").contains("k.conf:1: a } without a {"))
        #expect(fault("{ a }\n").contains("k.conf:1: a { without a keyword"))
        #expect(fault("a\n{\n}\n{\n}\n").contains("k.conf:4: a { without a keyword"))
        #expect(fault(String(repeating: "a {\n", count: 40)).contains("more than 32 times"))
    }
}
