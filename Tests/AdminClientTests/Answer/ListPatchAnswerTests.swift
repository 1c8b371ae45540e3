import AdminAPI
import AdminClient
import Testing

@Suite("Answers with what has changed in a list") struct ListPatchAnswerTests {
    private let request = AdminRequest(.get, .services)

    private func answer(_ status: Int, _ type: String, _ text: String) throws -> AdminAnswer {
        AdminAnswer(
            status: status, contentType: type, body: Array(text.utf8), from: try AdminURL("http://admin:8080"))
    }

    @Test("status 226 says that it is a patch, which is read as one")
    func patch() throws {
        let text = #"{"tg.1": null}"#
        let answer = try self.answer(226, MediaType.mergePatch, text)
        #expect(answer.isListPatch)
        #expect(try answer.listPatch(of: request) == ListPatch(json: Array(text.utf8), placesText: nil))
        #expect(try !self.answer(200, MediaType.json, "[]").isListPatch)
    }

    @Test(
        "another media type, text that is no JSON and JSON that is no object are errors with the address",
        arguments: [(MediaType.json, "{}"), (MediaType.mergePatch, "{"), (MediaType.mergePatch, "[]")])
    func faults(type: String, text: String) throws {
        let answer = try self.answer(226, type, text)
        let error = #expect(throws: AnswerError.self) { try answer.listPatch(of: request) }
        #expect(error?.url == "http://admin:8080/v1/services")
    }
}
