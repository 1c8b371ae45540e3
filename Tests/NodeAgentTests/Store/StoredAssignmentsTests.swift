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
        var jobs = assignments(["pgw.1": running])
        jobs.jobs["../../etc"] = AssignedJob(service: "pgw.1", kind: .restart, deadline: "2027-01-01T00:00:00Z")
        #expect(fault(jobs)?.contains("identifier") == true)
    }
}
