import AdminAPI
import Names
import NodeAgent
import Testing
import Text

@Suite struct StoredAssignmentsTests {
    private func assignments(_ services: [ExactText: Assignment]) -> Assignments {
        Assignments(server: "app1", location: "tcn", services: services)
    }

    private let running = Assignment(desired: .running, version: "\(digest(1))")

    @Test func whatIsNamedNoMoreIsKept() throws {
        let first = StoredAssignments(
            tag: "\"a\"",
            assignments: assignments([
                "pgw.1": running, "pgw.2": Assignment(desired: .absent, version: nil),
                "pgw.3": Assignment(desired: .purged, version: nil),
            ]))
        let second = first.followed(by: assignments([:]), tag: "\"b\"")
        #expect(second.all == ["pgw.1": running] && second.assignments.services.isEmpty)
        let third = second.followed(by: assignments([:]), tag: "\"c\"")
        #expect(third.all == ["pgw.1": running])
        // Named again, it follows what is said.
        let stopped = Assignment(desired: .stopped, version: nil)
        #expect(third.followed(by: assignments(["pgw.1": stopped]), tag: nil).all == ["pgw.1": stopped])
        #expect(try StoredAssignments(reading: third.bytes) == third)
        #expect(try StoredAssignments(reading: first.bytes) == first)
    }

    @Test func aDamagedFileIsRefused() {
        let bytes = StoredAssignments(tag: nil, assignments: assignments(["pgw.1": running])).bytes
        for count in 0..<bytes.count {
            #expect(throws: BodyError.self) { try StoredAssignments(reading: Array(bytes[..<count])) }
        }
    }

    @Test func aDocumentIsCheckedAsAWhole() {
        func fault(_ assignments: Assignments, _ server: String = "app1") -> String? {
            do {
                _ = try assignments.checked(for: server)
                return nil
            } catch { return "\(error)" }
        }
        #expect(fault(assignments(["pgw.1": running])) == nil)
        #expect(fault(assignments([:]), "app2")?.contains("for the server \"app1\"") == true)
        for name in ["../pgw.1", "node", "pgw", "pgw.01", ".", ""] {
            #expect(fault(assignments([ExactText(name): running]))?.contains("no name of a service") == true)
        }
        #expect(
            fault(assignments(["pgw.1": Assignment(desired: .running, version: "../x")]))?.contains(
                "/services/pgw.1/version") == true)
    }

    @Test func aJobWithAFaultIsRefusedAlone() throws {
        let end = "2027-01-01T00:00:00Z"
        let json = #"""
            {"server": "app1", "location": "tcn", "services": {"pgw.1": {"desired": "running", "version": "\#(digest(1))"}},
             "jobs": {"1-a": {"service": "pgw.1", "kind": "restart", "arguments": [], "deadline": "\#(end)"},
                      "2-b": {"service": "pgw.1", "kind": "dance", "arguments": [], "deadline": "\#(end)"},
                      "3-c": {"service": "../pgw.1", "kind": "restart", "arguments": [], "deadline": "\#(end)"},
                      "4-d": 7,
                      "../../etc": {"service": "pgw.1", "kind": "restart", "arguments": [], "deadline": "\#(end)"}},
             "builds": {"1-a": {"type": "pgw", "version": "1", "variant": "release", "deadline": "\#(end)"},
                        "5-e": {"type": "pgw", "version": "1", "variant": "release", "deadline": "\#(end)"},
                        "6-f": {"type": "pgw"}, "7 g": {"type": "pgw", "version": "1", "variant": "r", "deadline": "\#(end)"}}}
            """#
        let read = try Assignments(json: Array(json.utf8), .tolerant)
        let checked = try read.checked(for: "app1")
        #expect(checked.services.keys.map(\.wrappedValue) == ["pgw.1"])
        #expect(checked.jobs.keys.map(\.wrappedValue) == ["1-a"] && checked.builds.keys.map(\.wrappedValue) == ["5-e"])
        let reasons = [
            "2-b": "dance", "3-c": "no name of a service", "4-d": "an object is expected", "../../etc": "no identifier",
            "1-a": "a build has the same identifier", "6-f": "#/builds/6-f/version: is missing", "7 g": "no identifier",
        ]
        #expect(Set(checked.refusedJobs.keys.map(\.wrappedValue)) == Set(reasons.keys))
        for (id, reason) in reasons {
            #expect(checked.refusedJobs[ExactText(id)]?.contains(reason) == true, "\(checked.refusedJobs)")
        }
        // What was refused is not kept, so the next agent asks for all of it again.
        let stored = StoredAssignments(tag: "\"a\"", assignments: checked)
        let again = try StoredAssignments(reading: stored.bytes)
        #expect(again.tag == nil && again.assignments.jobs == checked.jobs && again.all == stored.all)
        // As a whole the document must be one.
        for text in ["{", #"{"server": "app1"}"#, json.replacing(#""jobs": {"#, with: #""jobs": [], "x": {"#)] {
            #expect(throws: BodyError.self) { try Assignments(json: Array(text.utf8), .tolerant) }
        }
        // ADMIN writes none that it could not read.
        #expect(throws: BodyError.self) { try Assignments(json: Array(json.utf8), .strict) }
    }
}
