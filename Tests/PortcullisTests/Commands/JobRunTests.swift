import Testing

@testable import portcullis

@Suite("The output of a job as it comes") struct JobRunTests {
    @Test("what is new is shown once, also where ADMIN has the end of it only")
    func growing() {
        #expect(JobRun.new(in: "a\nb\n", after: "") == "a\nb\n")
        #expect(JobRun.new(in: "a\nb\n", after: "a\n") == "b\n")
        #expect(JobRun.new(in: "a\nb\n", after: "a\nb\n").isEmpty)
        let lines = (0..<1_000).map { "line \($0)\n" }
        let shown = lines[..<900].joined()
        #expect(JobRun.new(in: lines[200...].joined(), after: shown) == lines[900...].joined()[...])
        // Nothing of what was shown is left.
        #expect(JobRun.new(in: lines[950...].joined(), after: shown) == lines[950...].joined()[...])
    }

    @Test("after a start of ADMIN or of the node nothing is shown again")
    func older() {
        let lines = (0..<1_000).map { "line \($0)\n" }
        let shown = lines.joined()
        for older in ["", lines[..<10].joined(), lines[200..<700].joined(), lines[500...].joined()] {
            #expect(JobRun.new(in: older, after: shown).isEmpty)
        }
    }
}
