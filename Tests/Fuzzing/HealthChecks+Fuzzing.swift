package import HealthChecks
import NetworkTypes

/// What a fuzzed reader of health checks has done wrong.
private struct Contradiction: Error, CustomStringConvertible {
    let description: String
}

extension HTTPConversation {
    /// Hears an answer at once and byte by byte, which must come to the same outcome. Returns whether it is a success.
    package static func fuzz(_ answer: [UInt8]) throws -> Bool {
        var isSuccess = false
        for text in [nil, "alive", "aab"] {
            let http = Probe.HTTP(path: "/", text: text)
            let outcomes = [answer.count, 1, 3].map { hear(answer, http, by: max(1, $0)) }
            guard Set(outcomes).count == 1 else {
                throw Contradiction(description: "the outcome depends on how the bytes come: \(outcomes)")
            }
            isSuccess = isSuccess || outcomes[0] == .success()
        }
        return isSuccess
    }

    private static func hear(_ answer: [UInt8], _ http: Probe.HTTP, by size: Int) -> ProbeOutcome {
        var conversation = HTTPConversation(http, address: IPAddress(ipv4: 1), port: 80)
        var rest = answer[...]
        while !rest.isEmpty {
            let step = rest.prefix(size).withUnsafeBytes { conversation.receive($0) }
            if case .end(let outcome, _) = step { return outcome }
            rest = rest.dropFirst(size)
        }
        return conversation.close()
    }
}

extension SMTPConversation {
    /// Hears what a server says, byte by byte. Returns whether it is a success.
    package static func fuzz(_ answer: [UInt8]) throws -> Bool {
        var conversation = SMTPConversation(local: IPAddress(ipv4: 1))
        var greetings = 0
        for byte in answer {
            switch withUnsafeBytes(of: byte, { conversation.receive($0) }) {
            case .wait: break
            case .send: greetings += 1
            case .end(let outcome, _): return outcome == .success()
            }
            guard greetings <= 1 else { throw Contradiction(description: "it greets twice") }
        }
        return conversation.close() == .success()
    }
}

extension DNSConversation {
    /// Hears a datagram. Returns whether it is a success.
    package static func fuzz(_ datagram: [UInt8], name: String, id: UInt16) throws -> Bool {
        guard let conversation = DNSConversation(Probe.DNS(name: name, type: .a), id: id) else { return false }
        let outcome = datagram.withUnsafeBytes { conversation.receive($0) }
        if outcome == .success(), !datagram.starts(with: conversation.query.prefix(2)) {
            throw Contradiction(description: "the answer to another query is taken")
        }
        return outcome == .success()
    }
}

extension PingEcho {
    /// Reads a reply, which must be written as it was. Returns whether it is one.
    package static func fuzz(_ reply: [UInt8]) throws -> Bool {
        guard let echo = reply.withUnsafeBytes({ PingEcho(reply: $0, family: .ipv4) }) else { return false }
        guard echo.request[6...].elementsEqual(reply[6...]) else {
            throw Contradiction(description: "\(echo) is read of another reply")
        }
        return true
    }
}

extension ProberMessage {
    /// Reads lines of both sides, each of which must be written as it was read. Returns whether there is one.
    package static func fuzz(_ bytes: [UInt8]) throws -> Bool {
        var lines = MessageLines()
        lines.append(bytes)
        var isMessage = false
        while let line = (try? lines.next()) ?? nil {
            for message in [try? "\(DaemonMessage(line: line))", try? "\(ProberMessage(line: line))"] {
                guard let message else { continue }
                guard message.utf8.elementsEqual(line.utf8) else {
                    throw Contradiction(description: "\(line) is written as \(message)")
                }
                isMessage = true
            }
        }
        return isMessage
    }
}
