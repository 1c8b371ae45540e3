import Testing
import Text

@Suite("The last lines of a text") struct LastLinesTests {
    @Test(
        "a last line without an end counts as one",
        arguments: [
            ("a\nb\nc\n", 0, ""), ("a\nb\nc\n", 1, "c\n"), ("a\nb\nc\n", 2, "b\nc\n"), ("a\nb\nc\n", 3, "a\nb\nc\n"),
            ("a\nb\nc\n", 9, "a\nb\nc\n"), ("a\nb\nc", 1, "c"), ("a\nb\nc", 2, "b\nc"), ("\n\n\n", 2, "\n\n"),
            ("\n", 1, "\n"), ("", 3, ""), ("abc", 0, ""),
        ])
    func lines(_ text: String, _ count: Int, _ last: String) {
        let bytes = Array(text.utf8)
        #expect(String(decoding: bytes[bytes.startOfLastLines(count)...], as: UTF8.self) == last)
    }
}
