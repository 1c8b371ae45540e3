import JSON
import TestSupport
import Testing

@Suite("JSON Merge Patch") struct MergePatchTests {
    private func json(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

    /// The examples of RFC 7396, appendix A, but those whose documents have `null` members.
    @Test(
        "what RFC 7396 says comes out",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"), (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
            (#"{"a":"foo"}"#, #""bar""#, #""bar""#), (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func examples(document: String, patch: String, result: String) throws {
        #expect(try json(document).merging(json(patch)) == json(result))
    }

    @Test(
        "the patch from one object to another makes the other, whatever they are", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let (before, after) = (object(3, &random), object(3, &random))
        let patch = before.mergePatch(to: after)
        #expect(before.merging(patch).sortedByName == after.sortedByName)
        #expect(after.mergePatch(to: after) == .object([]))
        // The patch has nothing of what stays.
        guard case .object(let members) = patch else {
            Issue.record("no object")
            return
        }
        for member in members { #expect(before[member.name] != after[member.name]) }
    }

    private func object(_ depth: Int, _ random: inout SeededGenerator) -> JSONValue {
        var members: [JSONValue.Member] = []
        // In two forms, one text to Swift, two names in JSON.
        for name in ["a", "b", "\u{E9}", "e\u{301}", ""] where Bool.random(using: &random) {
            members.append(.init(name: name, value: value(depth, &random)))
        }
        return .object(members)
    }

    private func value(_ depth: Int, _ random: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
        case 0: .integer(Int.random(in: 0...2, using: &random))
        case 1: .string(["", "\u{E9}", "e\u{301}"].randomElement(using: &random) ?? "")
        case 2: .bool(Bool.random(using: &random))
        case 3: .array([.null, .integer(Int.random(in: 0...1, using: &random))])
        default: object(depth - 1, &random)
        }
    }
}
