/// How a program of a `command` probe has ended.
public enum CommandEnd: Sendable, Hashable {
    case status(Int)
    case signal(Int)

    /// The bytes of a program's output that are kept.
    public static let longestOutput = 4_096

    /// The outcome: 0 is a success, 1 a failure, 2 to 255 a success with a share of the weight, as in keepalived's
    /// `misc_dynamic`.
    ///
    /// - Parameter output: what the program has printed first. Its first line is the reason, or the note.
    public func outcome(output: [UInt8]) -> ProbeOutcome {
        let line = output.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }.prefix { $0 != 0x0A && $0 != 0x0D }
        let said = line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
        switch self {
        case .status(0): return .success(note: said)
        case .status(let status) where (2...255).contains(status):
            return .success(weight: UInt8(status - 2), note: said)
        case .status(let status): return .failure(said ?? "exit status \(status)")
        case .signal(let number): return .failure("the command was ended by signal \(number)")
        }
    }
}
