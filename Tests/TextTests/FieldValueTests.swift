import Testing
import Text

@Suite("Values of header fields") struct FieldValueTests {
    @Test(
        "a separator within a quoted string separates nothing",
        arguments: [
            (#"a, b"#, ["a", " b"]), (#"a="x, y", b"#, [#"a="x, y""#, " b"]), (#"a="\", ", b"#, [#"a="\", ""#, " b"]),
            (#"a="x, b"#, [#"a="x, b"#]), ("", [""]), (",", ["", ""]), (",\u{301}", ["", "\u{301}"]),
        ])
    func split(text: String, parts: [String]) {
        #expect(text.splitOutsideQuotes(",").map { Array($0.utf8) } == parts.map { Array($0.utf8) })
    }

    @Test(
        "a parameter has a name and a value, which may be quoted",
        arguments: [
            ("version=2", "version", "2"), (#"Version="2""#, "version", "2"), (#"a="\"\\x""#, "a", #""\x"#),
            ("a=", "a", ""), (#"a="""#, "a", ""), ("a=b=c", "a", "b=c"),
        ])
    func parameter(text: String, name: String, value: String) {
        #expect(text.fieldParameter?.name == name && text.fieldParameter?.value == value)
    }

    @Test("what is no parameter is none", arguments: ["", "a", #"a="x"#, #"a="x"y"#, #"a=x"y""#, #"a="\""#])
    func noParameter(text: String) { #expect(text.fieldParameter == nil) }
}
