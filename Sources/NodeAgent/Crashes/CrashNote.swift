package import AdminAPI
import JSON
package import Text
import Times

/// What the master of a service has noted of a process that ended unasked, or is about to. It is written by the service's
/// own user, so nothing in it is believed but of that service.
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
    /// The end of the name of its file, which begins with its identifier.
    package static let suffix = ".json"

    /// Reads it; `nil`: it is none.
    package init?(_ bytes: [UInt8], id: String) {
        guard let value = try? JSONParser.parse(bytes), value["crash"] == .integer(1),
            case .string(id)? = value["id"], let process = Self.number(value, "pid", Limits.processIDs),
            let start = Self.number(value, "start", 1...Int.max),
            let kind = Self.text(value, "kind", 20).flatMap({ CrashKind(rawValue: $0) }),
            let at = Self.text(value, "at", 40), InternetTime.date(at) != nil
        else { return nil }
        self.id = id
        worker = Self.number(value, "worker", Limits.workers) ?? 0
        self.process = KeeperRecord.ProcessIdentity(process: Int32(clamping: process), start: UInt64(start))
        self.kind = kind
        signal = Self.number(value, "signal", Limits.signals)
        exit = Self.number(value, "exit", 0...255)
        thread = Self.number(value, "thread", Limits.processIDs)
        place = Self.text(value, "pc", 18).flatMap { UInt64($0.hasBytePrefix("0x") ? $0.dropFirst(2) : "", radix: 16) }
        self.at = at
        isParked = value["isParked"] == .bool(true)
        program = Self.text(value, "program", 4_096) ?? ""
    }

    /// How it ended, as a fingerprint counts it.
    package var end: String {
        ([kind.rawValue] + [signal, exit].compactMap { $0.map(String.init) }).joined(separator: " ")
    }

    /// The identifier that the name of a file has; `nil`: it is no note.
    package static func id(ofFile name: String) -> String? {
        guard name.hasByteSuffix(suffix) else { return nil }
        let id = String(Substring(name.utf8.dropLast(suffix.utf8.count)))
        return WantedDump.isID(id) ? id : nil
    }

    private static func number(_ value: JSONValue, _ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard case .integer(let number)? = value[name], range.contains(number) else { return nil }
        return number
    }

    private static func text(_ value: JSONValue, _ name: String, _ longest: Int) -> String? {
        guard case .string(let text)? = value[name], text.utf8.count <= longest else { return nil }
        return text
    }
}
