import JSON
import Text

/// The file about one failed worker that the master writes and the node reads: `crashes/ID.json`.
package struct CrashFile: Sendable, Equatable {
    package var id: String
    package var worker: Int
    package var process: ProcessIdentity
    package var generation: Int
    package var kind: LastEnd.Kind
    package var signal: Int?
    /// The signal's `si_code`.
    package var code: Int?
    package var exit: Int?
    /// The thread that crashed, by its number in the kernel.
    package var thread: Int?
    /// The address that a fault was about.
    package var address: UInt64?
    /// Where in the program it crashed.
    package var pc: UInt64?
    package var at: String
    /// Whether the process is kept until the file is gone.
    package var isParked: Bool
    /// The path of the program.
    package var program: String

    /// The end of its name, which begins with its identifier.
    package static let suffix = ".json"
    /// The most files of a service at a time.
    package static let most = 64
    /// The form of the file.
    private static let version = 1

    package init(
        id: String, worker: Int, process: ProcessIdentity, generation: Int, kind: LastEnd.Kind, at: String,
        isParked: Bool, program: String
    ) {
        self.id = id
        self.worker = worker
        self.process = process
        self.generation = generation
        self.kind = kind
        self.at = at
        self.isParked = isParked
        self.program = program
    }

    /// Reads it; `nil` if these bytes are no such file. Numbers and texts are as they stand there: the file belongs to the
    /// service's user, so whoever reads it judges them.
    package init?(_ bytes: [UInt8]) {
        guard let json = try? JSONParser.parse(bytes), json["crash"] == .integer(Self.version),
            let id = json["id"]?.string, let pid = json["pid"]?.integer, let start = json["start"]?.integer,
            let kind = json["kind"]?.string.flatMap({ LastEnd.Kind(rawValue: $0) }), let at = json["at"]?.string
        else { return nil }
        self.init(
            id: id, worker: json["worker"]?.integer ?? 0, process: ProcessIdentity(pid: pid, start: start),
            generation: json["generation"]?.integer ?? 0, kind: kind, at: at,
            isParked: json["isParked"] == .bool(true), program: json["program"]?.string ?? "")
        signal = json["signal"]?.integer
        code = json["code"]?.integer
        exit = json["exit"]?.integer
        thread = json["thread"]?.integer
        address = json["address"]?.hexadecimal
        pc = json["pc"]?.hexadecimal
    }

    /// The file: one line of JSON.
    package var bytes: [UInt8] {
        func number(_ number: Int?) -> JSONValue { number.map { .integer($0) } ?? .null }
        func hexadecimal(_ number: UInt64?) -> JSONValue {
            number.map { .string("0x" + String($0, radix: 16)) } ?? .null
        }
        let json: JSONValue = [
            "crash": .integer(Self.version), "id": .string(id), "worker": .integer(worker),
            "pid": .integer(process.pid), "start": .integer(process.start), "generation": .integer(generation),
            "kind": .string(kind.rawValue), "signal": number(signal), "code": number(code), "exit": number(exit),
            "thread": number(thread), "address": hexadecimal(address), "pc": hexadecimal(pc), "at": .string(at),
            "isParked": .bool(isParked), "program": .string(program),
        ]
        return Array((json.description + "\n").utf8)
    }
}

extension JSONValue {
    /// `0x` and up to 16 digits.
    fileprivate var hexadecimal: UInt64? {
        guard let text = string, text.hasBytePrefix("0x") else { return nil }
        return UInt64(text.dropFirst(2), radix: 16)  // exact: "0x" was compared by bytes
    }
}
