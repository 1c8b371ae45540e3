import NetworkTypes
import Text

/// Why a line is no message. It names the word.
public struct ProberMessageError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

extension DaemonMessage {
    /// Reads what `description` writes, and nothing else.
    public init(line: String) throws(ProberMessageError) {
        var words = try MessageWords(line)
        switch words.name {
        case "portcullis-checks":
            self = .greeting(version: try words.number("VERSION"))
        case "target":
            let id = try words.id()
            let address = try words.address()
            let port = UInt16(try words.number("PORT", in: 0...65_535))
            var known: KnownVerdict?
            if let verdict = words.verdictIfAny() { known = KnownVerdict(verdict, age: try words.number("AGE")) }
            let target = ProbeTarget(try words.check(), address: address, port: port)
            guard target.hasUsablePort else { throw words.fault("PORT 0 is none that the check can ask") }
            self = .target(id: id, target, known: known)
        case "remove":
            self = .remove(id: try words.id())
        case "whole":
            self = .whole
        default:
            throw words.unknown("the daemon")
        }
        try words.end(description)
    }
}

extension ProberMessage {
    /// Reads what `description` writes, and nothing else.
    public init(line: String) throws(ProberMessageError) {
        var words = try MessageWords(line)
        switch words.name {
        case "portcullis-checks":
            self = .greeting(version: try words.number("VERSION"))
        case "verdict":
            let id = try words.id()
            guard let verdict = words.verdictIfAny() else { throw words.fault("neither up nor down follows the ID") }
            let age = try words.number("AGE")
            let latency = try words.number("LATENCY")
            var weight: UInt8?
            if words.count > 1 { weight = UInt8(try words.number("WEIGHT", in: 0...ProberProtocol.wholeWeight)) }
            self = .verdict(
                TargetVerdict(
                    id: id, verdict, age: age, latency: latency, weight: weight, reason: try words.text("REASON")))
        case "result":
            self = .result(
                TargetResult(
                    id: try words.id(), failures: try words.number("FAILURES"), latency: try words.number("LATENCY"),
                    reason: try words.text("REASON")))
        case "alive":
            self = .alive(
                ProberState(
                    targets: try words.number("TARGETS"), probes: try words.number("PROBES"),
                    failed: try words.number("FAILED"),
                    lateness: ProberState.Lateness(
                        median: try words.number("LATE50"), percentile99: try words.number("LATE99"),
                        maximum: try words.number("LATEMAX")),
                    problem: try words.text("PROBLEM")))
        default:
            throw words.unknown("the prober")
        }
        try words.end(description)
    }
}

/// The words of a line, taken one after another.
private struct MessageWords {
    private let line: String
    let name: String
    private var rest: ArraySlice<Substring>

    init(_ line: String) throws(ProberMessageError) {
        guard line.utf8.count <= ProberProtocol.longestLine else {
            throw ProberMessageError("the line has more than \(ProberProtocol.longestLine) bytes")
        }
        guard line.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw ProberMessageError("\(line.printed()) has bytes that are no printable ASCII")
        }
        let words = line.splitBytes(" ")
        guard !words.contains(where: \.isEmpty) else {
            throw ProberMessageError("\(line.printed()) has words that are not separated by one space")
        }
        self.line = line
        name = String(words[0])
        rest = words.dropFirst()
    }

    /// How many words are left.
    var count: Int { rest.count }

    func fault(_ message: String) -> ProberMessageError { ProberMessageError("\(name): \(message)") }

    func unknown(_ sender: String) -> ProberMessageError {
        ProberMessageError("\(name.printed()) is no message of \(sender)")
    }

    private mutating func take(_ word: String) throws(ProberMessageError) -> Substring {
        guard let taken = rest.popFirst() else { throw fault("\(word) is missing") }
        return taken
    }

    mutating func id() throws(ProberMessageError) -> UInt64 {
        let text = try take("ID")
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let id = UInt64(text) else {
            throw fault("ID \(text.printed()) is no number from 0 to \(UInt64.max)")
        }
        return id
    }

    mutating func number(_ word: String, in range: ClosedRange<Int> = 0...Int.max) throws(ProberMessageError) -> Int {
        let text = try take(word)
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), range.contains(number)
        else { throw fault("\(word) \(text.printed()) is no number from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    mutating func address() throws(ProberMessageError) -> IPAddress {
        let text = try take("ADDRESS")
        guard let address = IPAddress(text) else { throw fault("ADDRESS \(text.printed()) is no IP address") }
        return address
    }

    /// The next word, if it is a verdict.
    mutating func verdictIfAny() -> TargetHealth.Verdict? {
        guard let verdict = rest.first.flatMap({ TargetHealth.Verdict(rawValue: String($0)) }) else { return nil }
        rest.removeFirst()
        return verdict
    }

    /// What is left of the line, as a check.
    mutating func check() throws(ProberMessageError) -> HealthCheck {
        guard let first = rest.first else { throw fault("CHECK is missing") }
        rest = []
        do {
            return try HealthCheck(text: String(line[first.startIndex...]))
        } catch {
            throw fault("CHECK \(error)")
        }
    }

    mutating func text(_ word: String) throws(ProberMessageError) -> String? {
        let value = try take(word)
        guard !value.isExactly("-") else { return nil }
        guard let bytes = PercentEncoding.decode(value.utf8) else {
            throw fault("\(word): % is not followed by two hexadecimal digits in upper case")
        }
        guard bytes.count <= ProberProtocol.longestReason else {
            throw fault("\(word) has more than \(ProberProtocol.longestReason) bytes")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw fault("\(word) is not UTF-8") }
        return text
    }

    /// Checks that nothing follows, and that the message is written as the line is: numbers without leading zeros,
    /// addresses and values in their one form.
    func end(_ written: String) throws(ProberMessageError) {
        if let word = rest.first { throw fault("\(word.printed()) follows the last word") }
        guard written.isExactly(line) else { throw fault("is written otherwise: \(written)") }
    }
}
