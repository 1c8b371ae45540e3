import Foundation
import Text

/// A connection to a mail server, as the dialogue sees it.
protocol SMTPConnection {
    /// How this side calls itself: its address in brackets.
    var ownName: String { get }
    mutating func send(_ bytes: [UInt8]) async throws
    mutating func reply() async throws -> SMTPReply
    /// Encrypts the connection from here on.
    ///
    /// Throws if the server has sent anything beyond its last reply: it would count as encrypted.
    mutating func encrypt() async throws
}

/// Hands one message over to a mail server.
struct SMTPDialogue: Sendable {
    var encryption: EmailSettings.Encryption
    var from: String
    var to: [String]
    var user: String?
    var password: [UInt8] = []

    /// What came of it.
    struct Outcome: Sendable, Equatable {
        var result: DeliveryResult
        /// Who does not get the message, with the reason, although others do.
        var missed: [String] = []
    }

    /// Why the server does not take the message.
    private struct Refusal: Error {
        var result: DeliveryResult
    }

    /// Talks to the server from its greeting on. Throws what the connection throws.
    func deliver(_ message: MailMessage, over connection: inout some SMTPConnection) async throws -> Outcome {
        do {
            let missed = try await handOver(message, &connection)
            // The message is the server's now: whether it says good-bye is all the same.
            try? await connection.send(Array("QUIT\r\n".utf8))
            return Outcome(result: .delivered, missed: missed)
        } catch let refusal as Refusal {
            try? await connection.send(Array("QUIT\r\n".utf8))
            return Outcome(result: refusal.result)
        }
    }

    private func handOver(
        _ message: MailMessage, _ connection: inout some SMTPConnection
    ) async throws -> [String] {
        try Self.check(try await connection.reply(), isOfMessage: false)
        var offer = try await hello(&connection)
        if encryption == .startTLS {
            guard offer.offers("STARTTLS") else {
                throw Refusal(result: .unavailable("the mail server offers no encryption (STARTTLS)"))
            }
            try Self.check(try await say("STARTTLS", &connection), isOfMessage: false)
            try await connection.encrypt()
            // What was offered without encryption may be forged.
            offer = try await hello(&connection)
        }
        if let user { try await authenticate(user, offer, &connection) }
        try Self.check(try await say("MAIL FROM:<\(from)>", &connection), isOfMessage: true)
        var missed: [(String, SMTPReply)] = []
        for address in to {
            let reply = try await say("RCPT TO:<\(address)>", &connection)
            guard (500..<600).contains(reply.code) else {
                try Self.check(reply, isOfMessage: true)
                continue
            }
            missed.append((address, reply))
        }
        if missed.count == to.count, let (_, reply) = missed.first { try Self.check(reply, isOfMessage: true) }
        let ready = try await say("DATA", &connection)
        guard ready.code == 354 else {
            try Self.check(ready, isOfMessage: true)
            throw Refusal(result: .unavailable(ready.words))
        }
        try await connection.send(message.stuffed)
        try Self.check(try await connection.reply(), isOfMessage: true)
        return missed.map { "\($0): \($1.words)" }
    }

    private func hello(_ connection: inout some SMTPConnection) async throws -> SMTPReply {
        let reply = try await say("EHLO \(connection.ownName)", &connection)
        try Self.check(reply, isOfMessage: false)
        return reply
    }

    private func authenticate(
        _ user: String, _ offer: SMTPReply, _ connection: inout some SMTPConnection
    ) async throws {
        if offer.offersAuthentication("PLAIN") {
            let secret = Data([0] + Array(user.utf8) + [0] + password).base64EncodedString()
            try Self.check(try await say("AUTH PLAIN \(secret)", &connection), isOfMessage: false)
        } else if offer.offersAuthentication("LOGIN") {
            for line in ["AUTH LOGIN", Data(user.utf8).base64EncodedString()] {
                let reply = try await say(line, &connection)
                guard reply.code == 334 else {
                    try Self.check(reply, isOfMessage: false)
                    throw Refusal(result: .unavailable(reply.words))
                }
            }
            try Self.check(try await say(Data(password).base64EncodedString(), &connection), isOfMessage: false)
        } else {
            throw Refusal(result: .unavailable("the mail server offers neither AUTH PLAIN nor AUTH LOGIN"))
        }
    }

    private func say(_ line: String, _ connection: inout some SMTPConnection) async throws -> SMTPReply {
        try await connection.send(Array("\(line)\r\n".utf8))
        return try await connection.reply()
    }

    /// Throws `Refusal` unless the reply is a success.
    /// - Parameter isOfMessage: whether a lasting refusal is one of this message, and not of all.
    private static func check(_ reply: SMTPReply, isOfMessage: Bool) throws {
        guard !reply.isSuccess else { return }
        throw Refusal(
            result: isOfMessage && (500..<600).contains(reply.code) ? .refused(reply.words) : .unavailable(reply.words))
    }
}
