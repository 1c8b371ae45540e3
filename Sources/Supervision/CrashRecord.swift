package import JSON

/// A failed worker as the node reads of it, in a file of its own.
package struct CrashRecord: Sendable, Equatable {
    package let number: Int
    package let generation: Int
    package let process: ProcessIdentity
    package let kind: LastEnd.Kind
    /// The signal or the exit status that ended it, where it has ended.
    package let end: WorkerEnd?
    package let report: CrashReport?
    package let at: Int
    /// Whether the process is kept for a debugger.
    package let isParked: Bool

    /// The names and values of the file.
    ///
    /// - Parameters:
    ///   - id: the file's own name.
    ///   - program: the path of the program.
    package func json(id: String, program: String) -> JSONValue {
        var signal = report?.signal
        var exit: Int?
        switch end {
        case .killed(let number)?: signal = signal ?? number
        case .exited(let status)?: exit = status
        case .unknown?, nil: break
        }
        func hexadecimal(_ number: UInt64?) -> JSONValue {
            number.map { .string("0x" + String($0, radix: 16)) } ?? .null
        }
        return [
            "crash": 1, "id": .string(id), "worker": .integer(number), "pid": .integer(process.pid),
            "start": .integer(process.start), "generation": .integer(generation), "kind": .string(kind.rawValue),
            "signal": signal.map { .integer($0) } ?? .null, "code": report.map { .integer($0.code) } ?? .null,
            "exit": exit.map { .integer($0) } ?? .null, "thread": report.map { .integer($0.thread) } ?? .null,
            "address": hexadecimal(report?.address), "pc": hexadecimal(report?.pc),
            "at": .string(WallTime.text(at)), "isParked": .bool(isParked), "program": .string(program),
        ]
    }

    /// The name of a failure: 24 hexadecimal digits, the same ones whichever master notes it.
    package static func identifier(boot: String, service: String, process: ProcessIdentity, generation: Int) -> String {
        let text = "\(boot)/\(service)/\(process.pid)/\(process.start)/\(generation)"
        // FNV-1a
        func hash(_ start: UInt64) -> UInt64 {
            text.utf8.reduce(start) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        }
        func digits(_ number: UInt64, _ count: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count).appending(text, last: count)
        }
        return digits(hash(0xCBF2_9CE4_8422_2325), 16) + digits(hash(0x9E37_79B9_7F4A_7C15), 8)
    }
}

extension String {
    /// The last bytes of both texts together, which are ASCII.
    fileprivate func appending(_ other: String, last count: Int) -> String {
        String(decoding: Array((self + other).utf8).suffix(count), as: UTF8.self)
    }
}
