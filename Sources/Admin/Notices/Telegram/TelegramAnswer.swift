import JSON
import Text

/// What the Bot API has answered.
enum TelegramAnswer: Sendable, Equatable {
    /// The number of the message; `nil`: it was not said.
    case sent(Int?)
    /// The message that was to be edited says that already.
    case unchanged
    /// The message that was to be edited is not there, or cannot be edited any more.
    case gone(String)
    /// The group has another number now.
    case moved(to: String)
    case later(seconds: Int, String)
    /// Telegram refuses the message as it is.
    case refused(String)
    /// Telegram has a fault, or refuses the bot, the chat or the topic, whatever the message.
    case unavailable(String)

    init(status: UInt, body: [UInt8]) {
        let json = try? JSONParser.parse(body)
        let words: String
        if case .string(let text)? = json?["description"] {
            words = "Telegram answers \(status): \(text.shownName(atMost: 200))"
        } else {
            words = "Telegram answers \(status)"
        }
        let parameters = json?["parameters"]
        if (200..<300).contains(status) {
            guard case .bool(true)? = json?["ok"] else {
                self = .unavailable("it answers \(status), and not as the Bot API does")
                return
            }
            var number: Int?
            if case .integer(let id)? = json?["result"]?["message_id"] { number = id }
            self = .sent(number)
        } else if status == 429 {
            var seconds = 5
            if case .integer(let asked)? = parameters?["retry_after"] { seconds = max(1, asked) }
            self = .later(seconds: min(seconds, Self.longestPatience), "Telegram answers 429: too many requests")
        } else if status == 400 {
            if case .integer(let chat)? = parameters?["migrate_to_chat_id"] {
                self = .moved(to: "\(chat)")
            } else if Self.says(words, "message is not modified") {
                self = .unchanged
            } else if Self.says(words, "message to edit not found") || Self.says(words, "message can't be edited")
                || Self.says(words, "MESSAGE_ID_INVALID")
            {
                self = .gone(words)
            } else if Self.says(words, "chat not found") || Self.says(words, "thread not found")
                || Self.says(words, "TOPIC_CLOSED") || Self.says(words, "not enough rights")
            {
                self = .unavailable(words)
            } else {
                self = .refused(words)
            }
        } else if (400..<500).contains(status), ![413].contains(status) {
            // A token that is not valid (401, 404), a bot that was put out of the group (403): no message gets through,
            // so none is given up.
            self = .unavailable(words)
        } else if status == 413 {
            self = .refused(words)
        } else {
            self = .unavailable(words)
        }
    }

    /// Seconds: two days.
    private static let longestPatience = 172_800

    private static func says(_ text: String, _ words: StaticString) -> Bool { text[...].firstBytes(words) != nil }
}
