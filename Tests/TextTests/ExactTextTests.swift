import Testing
import Text

@Suite struct ExactTextTests {
    @Test(
        "texts that Swift takes for equal are different ones",
        arguments: [("\u{E9}", "e\u{301}"), ("K", "\u{212A}"), (";", "\u{37E}"), ("\u{C5}", "\u{212B}"), ("", "\0")])
    func identity(a: String, b: String) {
        #expect(ExactText(a) != ExactText(b))
        #expect(ExactText(a) == ExactText(a))
        #expect(Set([ExactText(a), ExactText(b), ExactText(a)]).count == 2)
        #expect(!a.isExactly(b))
    }

    private struct Named: Hashable {
        @ExactText var name: String
    }

    @Test("a property counts by its bytes")
    func wrapper() {
        #expect(Named(name: "\u{E9}") != Named(name: "e\u{301}"))
        #expect(Set([Named(name: "\u{E9}"), Named(name: "e\u{301}")]).count == 2)
    }

    @Test("lists of texts that are cut elsewhere are others")
    func lists() {
        #expect(Set([[ExactText("a"), ExactText("b")], [ExactText("ab"), ExactText("")]]).count == 2)
        #expect(["a", "B", "é"].map { ExactText($0) }.sorted() == ["B", "a", "é"])
    }

    @Test("a CRLF is two, a brace and an accent are two")
    func bytes() {
        #expect("a\r\n".hasByteSuffix("\n") && !"a\n".hasByteSuffix("\r\n"))
        #expect("a\r\nb".splitBytes("\n").map(String.init) == ["a\r", "b"])
        #expect("}\u{301}x".firstByte("}") == "}\u{301}x".startIndex)
        #expect("/\u{301}a/b".splitBytes("/").map { Array($0.utf8) } == [[], [0xCC, 0x81, 0x61], [0x62]])
        #expect("x=\u{301}y".splitBytes("=", maxSplits: 1).count == 2)
        #expect(".\u{301}hidden".hasBytePrefix("."))
        #expect("${a}$${b}".firstBytes("$${").map { "${a}$${b}"[$0.upperBound...] } == "b}")
        #expect("$$$${".firstBytes("${").map { "$$$${"[..<$0.lowerBound] } == "$$$")
        #expect("$".firstBytes("${") == nil)
        #expect(" a\r\n".withoutSurroundingSpace == "a" && "\r\n".withoutSurroundingSpace.isEmpty)
        #expect("a-b-".replacingByte("-", with: "__") == "a__b__")
    }

    @Test("what a terminal could be played with is escaped")
    func printable() {
        #expect("a\u{202E}b\u{1B}[31m\r\n\u{2028}é 🛡".printable == "a\\u{202E}b\\u{1B}[31m\\r\\n\\u{2028}é 🛡")
        #expect("a\n\u{200F}b".printableLines == "a\n\\u{200F}b")
    }

    @Test("in quotes, quotes and backslashes are escaped too, and a long text is cut")
    func printed() {
        #expect(#"a"b\#u{202E}c"#.printed() == #""a\"b\u{202E}c""#)
        #expect(#"\"#.printed() == #""\\""#)
        #expect("abc".printed(atMost: 3) == #""abc""#)
        #expect("abcd".printed(atMost: 3) == #""abc…""#)
    }
}

@Suite struct UserInformationTests {
    @Test(
        "user and password of a URL are not told, however it is written",
        arguments: [
            ("http://user:secret@host:8080/x", "http://***@host:8080/x"), ("https://host:1", "https://host:1"),
            ("user:secret@host", "***@host"), ("http://a:sec/ret@host", "http://***@host"),
            ("http://a@b:secret@host", "http://***@host"), ("", ""),
        ])
    func masked(text: String, expected: String) { #expect(text.withoutUserInformation == expected) }
}
