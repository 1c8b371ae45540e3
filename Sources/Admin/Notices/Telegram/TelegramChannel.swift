import Names
import AdminAPI
import Foundation
import JSON
import ServiceSupport
import Text

/// Writes messages to a chat of Telegram by a bot.
///
/// The bot's token is a part of each URL, so no error and no log repeats one.
actor TelegramChannel: NoticeChannel {
    /// What settings name, read from its files.
    struct Target: Sendable, Equatable {
        @ExactText var apiURL: String
        @ExactText var token: String
        @ExactText var chat: String
        var thread: Int?
        /// Certificates in PEM.
        var authorities: [UInt8]?
    }

    private let target: Target
    private let now: @Sendable () -> Date
    private let http: NoticeHTTP
    private var state = TelegramMemory()
    /// The message whose markup Telegram has refused: it goes as plain text.
    private var plainMessage: String?

    init(_ target: Target, now: @escaping @Sendable () -> Date) {
        self.target = target
        self.now = now
        http = NoticeHTTP(authorities: target.authorities)
    }

    /// A digest has a line for the worst alone.
    nonisolated var mostInDigest: Int { 10_000 }

    func shutdown() async { await http.shutdown() }

    private var milliseconds: Int { Int(now().timeIntervalSince1970 * 1_000) }

    func readiness() -> ChannelReadiness {
        let now = milliseconds
        let hasDigest = state.isGathering(at: now)
        if let wait = state.pace.wait(at: now, hasDigest: hasDigest) { return .wait(.milliseconds(wait)) }
        return hasDigest || state.pace.isBusy(at: now) ? .digest : .ready
    }

    func memory() -> String? { state.text }

    func restore(_ memory: String?, isBegun: Bool) {
        state = memory.flatMap(TelegramMemory.init(text:)) ?? TelegramMemory()
        // It may have been sent just before ADMIN ended.
        if isBegun { state.pace.note(callAt: milliseconds) }
    }

    func deliver(_ message: NoticeMessage) async -> DeliveryResult {
        guard message.kind == .digest else {
            let answer = await call("sendMessage", TelegramText(message), of: message)
            guard case .sent = answer else { return result(answer, message) }
            state.digest = nil
            return .delivered
        }
        let now = milliseconds
        if var digest = state.digest, digest.takes(message, at: now) {
            digest.content.add(message)
            let answer = await call(
                "editMessageText", TelegramText(digest.content), of: message, editing: digest.message)
            switch answer {
            case .sent, .unchanged:
                digest.editedAt = now
                state.digest = digest
                return .delivered
            case .gone(let reason):
                state.digest = nil
                return .again(reason)
            default: return result(answer, message)
            }
        }
        var content = TelegramDigest()
        content.add(message)
        let answer = await call("sendMessage", TelegramText(content), of: message)
        guard case .sent(let number) = answer else { return result(answer, message) }
        state.digest = number.map { .init(message: $0, sentAt: now, editedAt: now, content: content) }
        return .delivered
    }

    /// What an answer other than success means for the message.
    private func result(_ answer: TelegramAnswer, _ message: NoticeMessage) -> DeliveryResult {
        switch answer {
        case .sent, .unchanged: return .delivered
        case .gone(let reason): return .again(reason)
        case .moved(let chat):
            state.chat = chat
            return .again("the group has become the chat \(chat): put that into the settings")
        case .later(let seconds, let reason):
            state.pace.rest(seconds: seconds, from: milliseconds)
            return .later(seconds, reason)
        case .refused(let reason):
            guard plainMessage.map({ $0.isExactly(message.id) }) ?? false else {
                plainMessage = message.id
                return .again("\(reason); it is sent again as plain text")
            }
            return .refused(reason)
        case .unavailable(let reason): return .unavailable(reason)
        }
    }

    private func call(
        _ method: String, _ text: TelegramText, of message: NoticeMessage, editing number: Int? = nil
    ) async -> TelegramAnswer {
        state.pace.note(callAt: milliseconds)
        let isPlain = plainMessage.map { $0.isExactly(message.id) } ?? false
        var members: [JSONValue.Member] = [
            .init(name: "chat_id", value: Self.chat(state.chat ?? target.chat)),
            .init(name: "text", value: .string(isPlain ? text.plain : text.html)),
            .init(
                name: "link_preview_options", value: .object([.init(name: "is_disabled", value: .bool(true))])),
        ]
        if !isPlain { members.append(.init(name: "parse_mode", value: .string("HTML"))) }
        if let number {
            members.append(.init(name: "message_id", value: .integer(number)))
        } else {
            if let thread = target.thread { members.append(.init(name: "message_thread_id", value: .integer(thread))) }
            if message.severity == .info { members.append(.init(name: "disable_notification", value: .bool(true))) }
        }
        var writer = JSONWriter()
        writer.write(.object(members))
        let slash = target.apiURL.utf8.last == UInt8(ascii: "/") ? "" : "/"
        let outcome = await http.post("\(target.apiURL)\(slash)bot\(target.token)/\(method)", writer.bytes)
        state.pace.note(answerAt: milliseconds)
        return switch outcome {
        case .answer(let status, _, let body): TelegramAnswer(status: status, body: body)
        case .none(let reason): .unavailable(reason)
        }
    }

    private static func chat(_ text: String) -> JSONValue { Int(text).map { .integer($0) } ?? .string(text) }
}

extension TelegramChannel.Target {
    /// Reads the bot's token.
    ///
    /// Throws `SettingsError` with the channel's place.
    init(_ telegram: TelegramSettings, _ settings: NoticeChannelSettings) throws(SettingsError) {
        let bytes = try settings.secret(telegram.tokenFile, "token-file")
        let digits = bytes.prefix { (0x30...0x39).contains($0) }
        let rest = bytes.dropFirst(digits.count)
        guard !digits.isEmpty, rest.first == UInt8(ascii: ":"), (2...200).contains(rest.count),
            rest.dropFirst().allSatisfy({
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            })
        else {
            throw SettingsError(
                "\(settings.place): token-file \(telegram.tokenFile.printable): this is no token of a bot, which is a "
                    + "number, \":\", letters and digits")
        }
        self.init(
            apiURL: telegram.apiURL, token: String(decoding: bytes, as: UTF8.self), chat: telegram.chat,
            thread: telegram.thread, authorities: try settings.authorities())
    }
}
