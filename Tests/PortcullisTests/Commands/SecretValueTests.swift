import Testing

@testable import portcullis

@Suite struct SecretValueTests {
    @Test(
        "one line end of a file is no part of a secret, whichever it is",
        arguments: [
            ("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc"), ("abc\n\n", "abc\n"), ("abc\r\r\n", "abc\r"),
            ("abc\r", "abc\r"), ("\n", ""), ("\u{301}\n", "\u{301}"), ("", ""),
        ])
    func lineEnds(text: String, expected: String) {
        #expect(Array(SetSecret.value(ofFile: text).utf8) == Array(expected.utf8))
    }
}
