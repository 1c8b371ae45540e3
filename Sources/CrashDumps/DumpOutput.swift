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
        guard let mark = output.firstRange(of: Array("\n{\"dump\": 1, ".utf8)) else { return nil }
        let line = output[(mark.lowerBound + 1)...].prefix { $0 != 0x0A }
        guard let value = try? JSONParser.parse(Array(line)) else { return nil }
        frames = value["frames"].elements.prefix(DumpScript.mostFrames).map(Frame.init)
        threads = value["threads"].number ?? 0
        isThreadFound = value["isFound"] == .bool(true)
        text = String(decoding: output[line.endIndex...].drop { $0 == 0x0A }, as: UTF8.self)
    }

    /// The text up to the list of all threads.
    package var crashedThread: Substring {
        guard let range = text.utf8.firstRange(of: Array("\n\nAll threads\n".utf8)) else { return text[...] }
        return text[..<range.lowerBound]
    }
}

extension DumpOutput.Frame {
    init(_ value: JSONValue) {
        self.init(
            function: value["function"].text.map { SwiftName.demangled($0) }, file: value["file"].text,
            line: value["line"].number, module: value["module"].text,
            address: UInt64(clamping: value["address"].number ?? 0))
    }
}

extension JSONValue? {
    fileprivate var elements: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    fileprivate var number: Int? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    fileprivate var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}
