import JSON
import Text

/// What gdb has said of a process (`DumpScript`).
package struct DumpOutput: Sendable, Hashable {
    /// One call of the thread that crashed.
    package struct Frame: Sendable, Hashable {
        package var function: String?
        package var file: String?
        package var line: Int?
        /// The path of the program or library that the code is of.
        package var module: String?
        package var address: UInt64

        package init(
            function: String? = nil, file: String? = nil, line: Int? = nil, module: String? = nil, address: UInt64 = 0
        ) {
            self.function = function
            self.file = file
            self.line = line
            self.module = module
            self.address = address
        }
    }

    /// From where it crashed outwards, without the runtime's functions that have ended the program.
    package var frames: [Frame]
    package var threads: Int
    /// Whether the thread that crashed was there; otherwise the frames are those of the first one.
    package var isThreadFound: Bool
    /// The dump for people. In it the frames of the thread that crashed have the numbers that they have in `frames`.
    package var text: String

    /// Finds the dump in what gdb has written, which has messages of gdb before it.
    ///
    /// - Returns: `nil` if gdb came to none.
    package init?(_ output: [UInt8]) {
        // exact: bytes
        guard let mark = output.firstRange(of: Array("\n{\"dump\": 1, ".utf8)) else { return nil }
        let line = output[(mark.lowerBound + 1)...].prefix { $0 != 0x0A }
        guard let value = try? JSONParser.parse(Array(line)) else { return nil }
        frames = (value["frames"]?.elements ?? []).prefix(DumpScript.mostFrames).map(Frame.init)
        threads = value["threads"]?.integer ?? 0
        isThreadFound = value["isFound"] == .bool(true)
        text = String(decoding: output[line.endIndex...].drop { $0 == 0x0A }, as: UTF8.self)
        // Between them are functions of libraries, whose names only the compiler knew.
        let inner = frames.prefix { $0.function.map(EndingFunction.has) ?? true }
        let ending = (inner.lastIndex { $0.function != nil } ?? -1) + 1
        // A stack that has nothing else is shown as it is.
        leaveOut(ending < frames.count ? ending : 0)
    }

    /// Leaves out the innermost frames, and counts the others from 0. gdb counts those of the crash part, too.
    private mutating func leaveOut(_ count: Int) {
        frames.removeFirst(count)
        let crashed = crashedThread
        let rest = text[crashed.endIndex...]
        var (lines, first, isLeftOut): ([String], Int?, Bool) = ([], nil, false)
        for line in crashed.splitBytes("\n", omittingEmpty: false) {
            guard let (number, after) = Self.frame(line) else {
                if !isLeftOut { lines.append(String(line)) }
                continue
            }
            if first == nil { first = number + count }
            let shown = number - (first ?? 0)
            isLeftOut = shown < 0
            // As wide as gdb has it.
            if !isLeftOut { lines.append("#\(shown)" + (shown < 10 ? "  " : " ") + after) }
        }
        text = lines.joined(separator: "\n") + rest
    }

    /// The number of the frame that a line of gdb begins (`#3  0x… in f (…)`), and what follows it.
    private static func frame(_ line: Substring) -> (number: Int, after: Substring)? {
        guard line.utf8.first == UInt8(ascii: "#") else { return nil }
        let parts = line.dropFirst().splitBytes(" ", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[0]), number >= 0 else { return nil }
        return (number, Substring(parts[1].utf8.drop { $0 == UInt8(ascii: " ") }))
    }

    /// The text up to the list of all threads.
    package var crashedThread: Substring {
        // exact: bytes
        guard let range = text.utf8.firstRange(of: Array("\n\nAll threads\n".utf8)) else { return text[...] }
        return text[..<range.lowerBound]
    }
}

extension DumpOutput.Frame {
    init(_ value: JSONValue) {
        self.init(
            function: value["function"]?.string.map { SwiftName.demangled($0) }, file: value["file"]?.string,
            line: value["line"]?.integer, module: value["module"]?.string,
            address: UInt64(clamping: value["address"]?.integer ?? 0))
    }
}
