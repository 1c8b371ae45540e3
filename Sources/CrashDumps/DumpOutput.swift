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

    /// From where it crashed outwards.
    package var frames: [Frame]
    package var threads: Int
    /// Whether the thread that crashed was there; otherwise the frames are those of the first one.
    package var isThreadFound: Bool
    /// The dump for people.
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
