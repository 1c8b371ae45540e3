import AdminAPI
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
        let text = try JSONText.reformatted(Array(json.utf8))
        #expect(Array(text.utf8) == Array(lines.joined(separator: "\n").utf8), "\(text)")
    }

    @Test("a name that is given twice stays, in the order of the text, and so does a number beyond all bounds")
    func repeatedNames() throws {
        let text = try JSONText.reformatted(Array(#"{"a":1e999,"":0,"a":-0}"#.utf8))
        #expect(text == "{\n  \"\" : 0,\n  \"a\" : 1e999,\n  \"a\" : -0\n}")
    }

    /// What Foundation makes of a value.
    private func encoded(_ value: some Encodable, _ format: JSONEncoder.OutputFormatting = []) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = format.union([.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test("it looks as what the encoder writes")
    func encoder() throws {
        struct Value: Encodable {
            var b = [[1, 2], []]
            var a = ["y": ["x/\n": "\u{E9}"], "x": [:]]
            var c: [Int] = []
            var inUse = true
            var inSync: Bool?
            var index = -7
            var drain_time = 0.25
        }
        let json: JSONValue = [
            "index": -7, "inUse": true, "drain_time": .number(0.25), "c": [], "b": [[1, 2], []],
            "a": ["y": ["x/\n": "\u{E9}"], "x": [:]],
        ]
        #expect(try JSONText.text(json) == encoded(Value(), .prettyPrinted))
        #expect(try JSONText.line(json) == encoded(Value()))
        let text = try encoded(Value(), .prettyPrinted)
        #expect(try JSONText.reformatted(Array(text.utf8)) == text)
        #expect(try JSONText.reformatted(Array(encoded(Value()).utf8)) == text)
    }

    @Test("texts and numbers are as the encoder writes them, but for what could play with a terminal")
    func scalars() throws {
        for code in (0..<0x7F).map(UInt32.init) + [0xA0, 0xE9, 0x301, 0x4E2D, 0x1F600] {
            let text = "a\(Unicode.Scalar(code)!)b"
            #expect(try JSONText.line(.string(text)) == encoded(text), "U+\(String(code, radix: 16))")
        }
        #expect(JSONText.line(.string("\u{7F}\u{202E}\u{9B}")) == #""\u007f\u202e\u009b""#)
        for number in [0, 1.5, 12, 0.1 + 0.2, 1e-7, 123_456.789, 86_400] {
            var gateway = GatewayResource(
                name: "gw1", location: "tcn", role: nil, applied: nil, since: "", lastPoll: "", age: number,
                current: nil, inSync: false)
            gateway.role = .active
            #expect(try JSONText.line(gateway.json).contains(#""age":\#(encoded(number)),"#), "\(number)")
        }
    }

    @Test("what is not JSON is refused", arguments: ["", "{", "[1", "[1 2]", "{\"a\"}", "\"a", "1 2", "{a:1}", "[1,]"])
    func refused(text: String) {
        #expect(throws: JSONError.self) { try JSONText.reformatted(Array(text.utf8)) }
    }
}
