import AdminAPI
import JSON
import Testing

@testable import portcullis

/// `--output name` and `--output yaml`.
@Suite struct ResultTextTests {
    @Test("the names of a list, of a single thing, and of what a change changes")
    func names() throws {
        #expect(try ResultNames.lines([["name": "pgw.1"], ["name": "a\u{1B}[31m"]]) == "pgw.1\na\\u{1B}[31m")
        #expect(try ResultNames.lines([["type": "tg", "revision": 1]]) == "tg")
        #expect(try ResultNames.lines([["mark": 256, "type": "tg"], ["mark": 257, "type": "tg"]]) == "tg\ntg")
        #expect(try ResultNames.lines(["service": ["name": "pgw.1"], "location": "tcn"]) == "pgw.1")
        #expect(
            try ResultNames.lines(["changes": [["name": "tg.1"], ["name": "tg.2"]], "export": []]) == "tg.1\ntg.2")
        #expect(try ResultNames.lines([]) == "")
        #expect(throws: (any Error).self) { try ResultNames.lines([["value": 1]]) }
    }

    @Test("YAML has the same values, and quotes what would be read as something else")
    func yaml() {
        let json: JSONValue = [
            "name": "no", "count": 3, "weight": nil, "is": true, "labels": [], "text": "a\u{1B}[31m\nb",
            "ports": [["port": 80]],
        ]
        #expect(
            YAMLText.text(json) == """
                count: 3
                is: true
                labels: []
                name: "no"
                ports:
                  - port: 80
                text: "a\\x1B[31m\\nb"
                weight: null

                """)
    }
}
