import JSON
import Testing

@Suite("JSON") struct JSONTests {
    @Test(
        "values are read as RFC 8259 has them",
        arguments: [
            ("null", JSONValue.null), (" true ", true), ("-0", 0), ("1.0", 1), ("1e2", 100),
            ("1.5", JSONValue.number(1.5)),
            ("1e30", JSONValue.number(1e30)), ("65535.0000000000001", JSONValue.number(65535)),
            ("1e-400", JSONValue.number(0)), ("-0.0e-400", 0), ("1200e-2", 12), ("-1.50E+1", -15), ("0.05e2", 5),
            ("9007199254740993.0", 9_007_199_254_740_993), ("1e-99999999999999999999", JSONValue.number(0)),
            (#""a\u00e9\n\/""#, "aé\n/"),
            (#""\ud83d\ude00""#, "😀"), ("[]", []), ("[1, [2]]", [1, [2]]), ("{}", [:]),
            (#"{"b": 1, "a": {"c": null}}"#, ["b": 1, "a": ["c": nil]]),
        ] as [(String, JSONValue)])
    func reads(text: String, value: JSONValue) throws {
        #expect(try JSONParser.parse(Array(text.utf8)) == value)
    }

    @Test(
        "what is not JSON is refused with its place",
        arguments: [
            ("", "1:1: the text ends where a value is expected"), ("01", "1:1: a number cannot start with 0"),
            ("1.", "1:3: a digit is expected"), ("1e999", "1:1: the number is too large"),
            ("+1", "1:1: unexpected text"),
            ("[1,]", "1:4: unexpected text"), ("[1 2]", #"1:4: "," or "]" is expected"#),
            ("{\n \"a\" 1}", #"2:6: ":" is expected"#), ("{a: 1}", "1:2: a name in double quotes is expected"),
            (#"{"a": 1, "a": 2}"#, #"1:10: "a" is given twice"#), (#""\ud800""#, "1:8: half a surrogate pair"),
            (#""\x""#, "1:3: unknown escape in a string"),
            ("\"\t\"", "1:2: a control character in a string must be escaped"),
            ("\"a", "1:3: the text ends within a string"), ("1 1", "1:3: nothing may follow the value"),
            (#""\u+123""#, "1:4: four hexadecimal digits are expected"), ("truth", "1:1: unexpected text"),
        ])
    func refuses(text: String, message: String) {
        #expect(throws: JSONError.self) { try JSONParser.parse(Array(text.utf8)) }
        do {
            _ = try JSONParser.parse(Array(text.utf8))
        } catch {
            let isWellFormed = message.hasSuffix("twice") || message.hasSuffix("large")
            #expect("\(error)" == message && error.isWellFormed == isWellFormed)
        }
    }

    @Test("nesting is bounded")
    func depth() throws {
        let deep = JSONParser.maximumDepth
        let allowed = String(repeating: "[", count: deep) + String(repeating: "]", count: deep)
        #expect(try JSONParser.parse(Array(allowed.utf8)).kind == "an array")
        #expect(throws: JSONError.self) { try JSONParser.parse(Array(("[" + allowed + "]").utf8)) }
    }

    @Test("the number of values is bounded, and the place told where there are too many")
    func count() throws {
        let most = JSONParser.maximumValues
        // The array is a value too.
        let text = "[" + String(repeating: "1,", count: most - 2)
        #expect(try JSONParser.parse(Array((text + "1]").utf8)).kind == "an array")
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(Array((text + "1,1]").utf8)) }
        #expect(error?.message == "more than \(most) values" && error?.column == 2 * most)
    }

    @Test("what is written reads back")
    func roundTrip() throws {
        let value: JSONValue = ["a": [nil, true, -5, .number(0.25), "\"\\\u{1}\n é😀"], "b": [:]]
        #expect(try JSONParser.parse(Array(value.description.utf8)) == value)
    }
}
