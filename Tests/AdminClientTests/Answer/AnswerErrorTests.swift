import AdminAPI
import AdminClient
import Testing

@Suite struct AnswerErrorTests {
    private static let request = AdminRequest(.get, .events, query: [("after", "7")])

    private func page(_ json: String, _ type: String = "Application/JSON; charset=utf-8") throws -> EventPage {
        let answer = AdminAnswer(
            status: 200, contentType: type, body: Array(json.utf8),
            from: try AdminURL("https://admin.example:8443"))
        return try answer.value(of: Self.request)
    }

    private static func event(_ kind: String, _ more: String = "") -> String {
        #"{"id": 8, "time": "2027-01-31T00:00:00Z", "actor": "ops", "action": "create", "kind": "\#(kind)", "name": "x"\#(more)}"#
    }

    @Test("what a newer ADMIN has added to an answer is passed over")
    func newer() throws {
        let page = try page(#"{"events": [\#(Self.event("type", #", "reason": ["a"]"#))], "more": null}"#)
        #expect(page.events.map(\.kind) == [.type])
    }

    @Test(
        "a page of success that is not ADMIN's is not read",
        arguments: [
            ("text/html", #"has the content type "text/html", where application/json is expected"#),
            ("application/json5", #"has the content type "application/json5", where application/json is expected"#),
            ("", "has status 200 and no content type, where application/json is expected"),
        ])
    func foreign(type: String, text: String) {
        let error = #expect(throws: AnswerError.self) { try page(#"{"events": []}"#, type) }
        #expect(error?.description == "the answer of https://admin.example:8443/v1/events?after=7 \(text)")
    }

    @Test(
        "an answer that does not fit is told with what was asked for, and the place",
        arguments: [
            (
                #"{"events": [\#(event("type")), \#(event("rack"))]}"#,
                #"#/events/1/kind: "rack" is not one of location, pool, egress, server, type, service, token, gateway, mark, "#
                    + "secret, health, version, job, rollout, move, crash; a newer ADMIN may have more words"
            ),
            ("[]", "#: an object is expected, not an array"),
            (#"{"next": "x"}"#, "#/events: is missing"),
            ("<html>", "#: line 1, column 1: unexpected text"),
            ("", "#: line 1, column 1: the text ends where a value is expected"),
        ])
    func misfit(json: String, fault: String) {
        let error = #expect(throws: AnswerError.self) { try page(json) }
        #expect(
            error?.description
                == "the answer of https://admin.example:8443/v1/events?after=7 is not understood: \(fault)")
    }
}
