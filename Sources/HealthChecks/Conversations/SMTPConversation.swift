public import NetworkTypes

/// What a mail server says: its greeting, and its answer to `EHLO`. It is told `QUIT`, so that it logs no lost
/// connection, and that answer is not waited for.
public struct SMTPConversation: Sendable {
    /// The bytes that a line may have; more than RFC 5321 allows.
    static let longestLine = 2_048
    /// The bytes that all lines together may have.
    static let limit = 65_536

    private let hello: [UInt8]
    private var isGreeted = false
    private var line: [UInt8] = []
    private var length = 0
    /// The code of an answer of several lines.
    private var code: Int?

    /// - Parameter local: this machine's address, by which it introduces itself.
    public init(local: IPAddress) {
        let literal = local.family == .ipv6 ? "IPv6:\(local)" : "\(local)"
        hello = Array("EHLO [\(literal)]\r\n".utf8)
    }

    /// Whether anything has come.
    public var hasBegun: Bool { length > 0 }

    /// Takes bytes that have come.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) -> ConversationStep {
        for (index, byte) in bytes.enumerated() {
            length += 1
            guard length <= Self.limit else { return .end(.failure("the SMTP answer is longer than 64 KiB")) }
            guard byte == 0x0A else {
                line.append(byte)
                if line.count > Self.longestLine { return .end(.failure("a line of the SMTP answer is too long")) }
                continue
            }
            if line.last == 0x0D { line.removeLast() }
            let step = takeLine()
            line.removeAll(keepingCapacity: true)
            if case .send = step, index + 1 < bytes.count {
                return .end(.failure("the SMTP server spoke before it was asked"))
            }
            if step != .wait { return step }
        }
        return .wait
    }

    /// The outcome if the server closes the connection now.
    public func close() -> ProbeOutcome {
        guard hasBegun else { return .failure(ProbePhrase.closedUnanswered) }
        return .failure("connection closed \(isGreeted ? "after" : "within") the SMTP greeting")
    }

    /// `250-PIPELINING`, and at last `250 HELP`
    private mutating func takeLine() -> ConversationStep {
        let digits = line.prefix(3)
        let separator = line.count > 3 ? line[3] : 0x20
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }), [0x20, 0x2D].contains(separator)
        else { return .end(.failure("the answer is not SMTP")) }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard code == nil || code == number else { return .end(.failure("an SMTP answer has two codes")) }
        guard separator == 0x20 else {
            code = number
            return .wait
        }
        code = nil
        guard isGreeted else {
            guard number == 220 else { return .end(.failure("SMTP greeting \(number)"), farewell: Self.quit) }
            isGreeted = true
            return .send(hello)
        }
        return .end(number == 250 ? .success() : .failure("SMTP answer \(number) to EHLO"), farewell: Self.quit)
    }

    private static let quit = Array("QUIT\r\n".utf8)
}
