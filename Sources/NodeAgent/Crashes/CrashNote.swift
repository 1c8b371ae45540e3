package import AdminAPI
import Supervision
package import Text
import Times

/// What the master of a service has noted of a process that ended unasked, or is about to. Its file (`CrashFile`) is written
/// by the service's own user, so nothing in it is believed but of that service.
package struct CrashNote: Sendable, Hashable {
    @ExactText package var id: String
    package var worker: Int
    package var process: KeeperRecord.ProcessIdentity
    package var kind: CrashKind
    package var signal: Int?
    package var exit: Int?
    /// The thread that crashed, by its number in the kernel.
    package var thread: Int?
    /// Where in the program it crashed.
    package var place: UInt64?
    @ExactText package var at: String
    /// Whether the process stands still until the note is gone.
    package var isParked: Bool
    @ExactText package var program: String

    /// The longest note in bytes.
    package static let largest = 16 << 10
    /// Reads it; `nil`: it is none.
    package init?(_ bytes: [UInt8], id: String) {
        guard let file = CrashFile(bytes), file.id.isExactly(id), Limits.processIDs.contains(file.process.pid),
            file.process.start > 0, let kind = CrashKind(rawValue: file.kind.rawValue), file.at.utf8.count <= 40,
            InternetTime.date(file.at) != nil
        else { return nil }
        self.id = id
        worker = Self.number(file.worker, Limits.workers) ?? 0
        process = KeeperRecord.ProcessIdentity(
            process: Int32(clamping: file.process.pid), start: UInt64(file.process.start))
        self.kind = kind
        signal = Self.number(file.signal, Limits.signals)
        exit = Self.number(file.exit, 0...255)
        thread = Self.number(file.thread, Limits.processIDs)
        place = file.pc
        at = file.at
        isParked = file.isParked
        program = file.program.utf8.count <= 4_096 ? file.program : ""
    }

    /// How it ended, as a fingerprint counts it.
    package var end: String {
        ([kind.rawValue] + [signal, exit].compactMap { $0.map(String.init) }).joined(separator: " ")
    }

    /// The identifier that the name of a file has; `nil`: it is no note.
    package static func id(ofFile name: String) -> String? {
        guard name.hasByteSuffix(CrashFile.suffix) else { return nil }
        let id = String(Substring(name.utf8.dropLast(CrashFile.suffix.utf8.count)))
        return WantedDump.isID(id) ? id : nil
    }

    private static func number(_ number: Int?, _ range: ClosedRange<Int>) -> Int? {
        number.flatMap { range.contains($0) ? $0 : nil }
    }
}
