import AdminAPI
import Names
import Testing

@testable import portcullis

@Suite("Lua for people") struct LuaTextTests {
    private func text(_ state: JobState, _ problem: String?, _ output: String) -> LuaText {
        LuaText(
            JobResource(
                id: "1-00000001", service: "tg.1", server: "app1", kind: .service(.master(.lua)), name: nil,
                arguments: [], version: nil, state: state, createdBy: "ops", createdAt: "2027-01-15T00:00:00.000Z",
                deadline: "2027-01-15T00:01:00.000Z", problem: problem, output: output))
    }

    @Test("an error is taken from the output as Lua prints it")
    func traceback() {
        let error = "ADMIN:1: no \"bad\"\nstack traceback:\n\t[C]: in ?"
        let failed = text(.failed, "ADMIN:1: no \"bad\"", "a\nb\n\(error)\n")
        #expect(failed.output == "a\nb" && failed.problem == error)
        // The problem may be cut.
        #expect(text(.failed, "ADMIN:1", "\(error)\n").problem == error)
    }

    @Test("what is no error of several lines stays where it is")
    func plain() {
        let refused = text(.failed, "no worker is ready", "")
        #expect(refused.output == "" && refused.problem == "no worker is ready")
        let fine = text(.succeeded, nil, "1\n\u{1b}[2J\n")
        #expect(fine.output == "1\n\\u{1B}[2J" && fine.problem == nil)
    }
}
