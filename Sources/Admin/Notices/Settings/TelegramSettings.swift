import Text
import YAML

/// `telegram` of a channel: a bot, and the chat to which it writes.
struct TelegramSettings: Sendable, Hashable {
    /// The file with the bot's token.
    var tokenFile: String
    /// The number of a chat, or `@` and the name of a public one.
    @ExactText var chat: String
    /// The topic of a group, by its number; `nil`: none.
    var thread: Int?
    /// The server of the Bot API.
    @ExactText var apiURL: String

    /// Telegram's own server.
    static let usualURL = "https://api.telegram.org"

    /// `{token-file: …, chat: -1001234567890, thread: 7, api-url: https://…}`
    static func read(_ node: YAMLNode, _ diagnostics: inout YAMLDiagnostics) -> TelegramSettings? {
        let keys = ["token-file", "chat", "thread", "api-url"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "the settings of Telegram") else { return nil }
        let file = diagnostics.required("token-file", of: mapping) { node throws(YAMLError) in try node.path() }
        let chat = diagnostics.required("chat", of: mapping) { node throws(YAMLError) in try Self.chat(node) }
        let thread = diagnostics.optional(mapping["thread"]) { node throws(YAMLError) in
            try node.integer("the number of a topic", in: 1...Int(Int32.max))
        }
        let url = diagnostics.optional(mapping["api-url"]) { node throws(YAMLError) in
            try node.url("the server of the Bot API")
        }
        guard let file, let chat else { return nil }
        return TelegramSettings(tokenFile: file, chat: chat, thread: thread, apiURL: url ?? usualURL)
    }

    private static func chat(_ node: YAMLNode) throws(YAMLError) -> String {
        let text = try node.text("a chat")
        let isName =
            text.utf8.first == UInt8(ascii: "@") && (5...33).contains(text.utf8.count)
            && text.utf8.dropFirst().allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || $0 == UInt8(ascii: "_")
            }
        guard isName || Int(text).map({ $0 != 0 && "\($0)".isExactly(text) }) ?? false else {
            throw YAMLError(
                node.position,
                "\(node.summary) is no chat: the number of a chat, as -1001234567890, or the name of a public one, "
                    + "as \"@ops\"")
        }
        return text
    }
}
