import Text

/// A failed worker, of which the node is told by a file (`CrashFile`).
package struct CrashRecord: Sendable, Equatable {
    package let number: Int
    package let generation: Int
    package let process: ProcessIdentity
    package let kind: LastEnd.Kind
    /// The signal or the exit status that ended it, where it has ended.
    package let end: WorkerEnd?
    package let report: WorkerCrash?
    package let at: Int
    /// Whether the process is kept for a debugger.
    package let isParked: Bool

    /// The file about it.
    ///
    /// - Parameters:
    ///   - id: the file's own name, without its end.
    ///   - program: the path of the program.
    package func file(id: String, program: String) -> CrashFile {
        var file = CrashFile(
            id: id, worker: number, process: process, generation: generation, kind: kind, at: WallTime.text(at),
            isParked: isParked, program: program)
        file.signal = report?.signal
        switch end {
        case .killed(let number)?: file.signal = file.signal ?? number
        case .exited(let status)?: file.exit = status
        case .unknown?, nil: break
        }
        file.code = report?.code
        file.thread = report?.thread
        file.address = report?.address
        file.pc = report?.pc
        return file
    }

    /// The name of a failure: 24 hexadecimal digits, the same ones whichever master notes it.
    package static func identifier(boot: String, service: String, process: ProcessIdentity, generation: Int) -> String {
        let text = "\(boot)/\(service)/\(process.pid)/\(process.start)/\(generation)"
        func digits(_ number: UInt64, _ count: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count).appending(text, last: count)
        }
        return digits(FNV1a.hash(text.utf8), 16) + digits(FNV1a.hash(text.utf8, from: 0x9E37_79B9_7F4A_7C15), 8)
    }
}

extension String {
    /// The last bytes of both texts together, which are ASCII.
    fileprivate func appending(_ other: String, last count: Int) -> String {
        String(decoding: Array((self + other).utf8).suffix(count), as: UTF8.self)
    }
}
