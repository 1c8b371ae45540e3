import Foundation
import JSON
import Testing

@testable import portcullis

@Suite("JSON for programs") struct JSONTextTests {
    @Test("what came from ADMIN stays byte by byte what it was, but for the white space and the order of names")
    func exact() throws {
        let json =
            #"{"é":1.0,"e\u{301}":12345678901234567890,"b":[1e2,{},[],"\u{FEFF}x/\\\"]"],"a":{"x":null,"":-0.0}}"#
            .replacingOccurrences(of: #"\u{301}"#, with: "\u{301}")
            .replacingOccurrences(of: #"\u{FEFF}"#, with: "\u{FEFF}")
        let lines = [
            "{", #"  "a" : {"#, #"    "" : -0.0,"#, #"    "x" : null"#, "  },", #"  "b" : ["#, "    1e2,", "    {", "",
            "    },",
            "    [", "", "    ],", #"    "\ufeffx/\\\"]""#, "  ],", "  \"e\u{301}\" : 12345678901234567890,",
            "  \"\u{E9}\" : 1.0", "}",
        ]
        let text = try JSONText.reformatted(Data(json.utf8))
        #expect(Array(text.utf8) == Array(lines.joined(separator: "\n").utf8), "\(text)")
    }

    @Test("a name that is given twice stays, in the order of the text, and so does a number beyond all bounds")
    func repeatedNames() throws {
        let text = try JSONText.reformatted(Data(#"{"a":1e999,"":0,"a":-0}"#.utf8))
        #expect(text == "{\n  \"\" : 0,\n  \"a\" : 1e999,\n  \"a\" : -0\n}")
    }

    @Test("it looks as what the encoder writes")
    func encoder() throws {
        struct Value: Encodable {
            var b = [[1, 2], []]
            var a = ["y": ["x/\n": "\u{202E}"], "x": [:]]
            var c: [Int] = []
        }
        let text = try JSONText.text(Value())
        #expect(try JSONText.reformatted(Data(text.utf8)) == text)
        #expect(try JSONText.reformatted(Data(JSONText.line(Value()).utf8)) == text)
    }

    @Test("what is not JSON is refused", arguments: ["", "{", "[1", "[1 2]", "{\"a\"}", "\"a", "1 2", "{a:1}", "[1,]"])
    func refused(text: String) {
        #expect(throws: JSONError.self) { try JSONText.reformatted(Data(text.utf8)) }
    }
}
