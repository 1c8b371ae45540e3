import AdminAPI
import Text

/// What a piece of Lua has printed, and the error that has ended it, as Lua prints it.
struct LuaText {
    /// Without the end of its last line.
    let output: String
    /// Lines; `nil`: it has not failed, or nobody knows why.
    let problem: String?

    init(_ job: JobResource) {
        let text = job.output ?? ""
        var lines = text.splitBytes("\n").map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard let first = job.problem?.printable, !first.isEmpty else {
            (output, problem) = (Self.joined(lines[...]), nil)
            return
        }
        // An error of several lines is the end of the output, and the job's problem the first of them, which may be cut.
        let start = lines.dropLast().lastIndex { $0.printable.hasBytePrefix(first) } ?? lines.endIndex
        output = Self.joined(lines[..<start])
        problem = start < lines.endIndex ? Self.joined(lines[start...]) : first
    }

    private static func joined(_ lines: ArraySlice<String>) -> String { lines.joined(separator: "\n").printableLines }
}
