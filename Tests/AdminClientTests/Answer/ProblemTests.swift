import AdminAPI
import AdminClient
import Testing

@Suite struct ProblemTests {
    private func problem(_ text: String, type: String = "application/problem+json") throws -> Problem? {
        try problem(Array(text.utf8), type: type)
    }

    private func problem(_ bytes: [UInt8], type: String = "application/problem+json") throws -> Problem? {
        Problem(AdminAnswer(status: 422, contentType: type, body: bytes, from: try AdminURL("http://admin")))
    }

    @Test("what ADMIN sends comes out as it was, with the status of the answer")
    func whole() throws {
        let sent = Problem(
            type: "urn:portcullis:problem:in-use", title: "In use", status: 422, detail: "It is.",
            errors: [.init(pointer: "#/name", detail: "in use"), .init(pointer: "", detail: "\u{202E}")])
        #expect(try problem(sent.jsonBytes) == sent)
        #expect(try problem(#"{"detail": "x", "status": 200}"#)?.status == 422)
    }

    @Test(
        "the media type is taken with parameters and in any case",
        arguments: [
            "application/problem+json", "application/problem+json; charset=utf-8", "Application/Problem+JSON ;x=y",
        ])
    func mediaType(type: String) throws {
        #expect(try problem(#"{"detail": "x"}"#, type: type)?.detail == "x")
    }

    @Test("what is missing is left out: a title or a detail is enough")
    func partial() throws {
        #expect(try problem(#"{"title": "Forbidden"}"#) == Problem(title: "Forbidden", status: 422, detail: ""))
        #expect(try problem(#"{"detail": "no"}"#) == Problem(title: "", status: 422, detail: "no"))
    }

    @Test("what is of a wrong type is left out, and the rest stays")
    func wrongTypes() throws {
        let read = try problem(
            #"""
            {"detail": "no", "title": 7, "type": [], "status": "x",
             "errors": [{"pointer": 3, "detail": "here"}, {"pointer": "#/a", "detail": {}}, "b", null]}
            """#)
        #expect(
            read == Problem(title: "", status: 422, detail: "no", errors: [.init(pointer: "", detail: "here")]))
        #expect(try problem(#"{"detail": "no", "errors": {"a": 1}}"#)?.errors == [])
    }

    @Test(
        "what is no problem is none",
        arguments: ["", "{", "null", "[]", "7", "\"no\"", "{}", #"{"detail": 7}"#, "<html>", "{\"detail\": \"\u{0}\"}"])
    func none(text: String) throws {
        #expect(try problem(text) == nil)
    }

    @Test(
        "neither is what has another media type", arguments: ["", "application/json", "text/html", "application/prob"])
    func otherType(type: String) throws {
        #expect(try problem(#"{"detail": "x"}"#, type: type) == nil)
    }

    @Test("bytes that are no text, and depth without end, are no problem")
    func hostile() throws {
        #expect(try problem([0xFF, 0xFE, 0x00]) == nil)
        #expect(try problem(Array("{\"detail\": \"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)) == nil)
        let deep = String(repeating: #"{"errors":["#, count: 100_000)
        #expect(try problem(deep) == nil)
    }

    @Test("a huge one is read as far as it is one")
    func huge() throws {
        let fault = ##"{"pointer": "#/a", "detail": "b"}"##
        let faults = Array(repeating: fault, count: 10_000).joined(separator: ",")
        #expect(try problem("{\"detail\": \"x\", \"errors\": [\(faults)]}")?.errors.count == 10_000)
        let long = String(repeating: "x", count: 1 << 20)
        #expect(try problem("{\"detail\": \"\(long)\"}")?.detail.utf8.count == 1 << 20)
    }
}
