import Foundation
import Text
import YAML

/// How a channel sends notices, and where to. A URL may be secret, and no message repeats it.
enum NoticeWay: Sendable, Hashable {
    /// `secretFile`: the file with the key of the signatures; `nil`: messages are not signed.
    case webhook(url: ExactText, secretFile: String?)
    case telegram(TelegramSettings)
    /// The URL below which its API is.
    case alertmanager(url: ExactText)
    case email(EmailSettings)

    /// The keys of a channel that say how it sends. It has one of them.
    static let keys = ["webhook", "telegram", "alertmanager", "email"]

    /// What the channel is called if its settings give it no name.
    var usualName: String {
        switch self {
        case .webhook(let url, _), .alertmanager(let url):
            URLComponents(string: url.wrappedValue)?.host ?? "webhook"
        case .telegram: "telegram"
        case .email: "email"
        }
    }
}

// MARK: Reading

extension NoticeWay {
    /// Reads how a channel sends from its settings.
    static func read(_ mapping: YAMLMapping, _ diagnostics: inout YAMLDiagnostics) -> NoticeWay? {
        let secret = diagnostics.optional(mapping["secret-file"]) { node throws(YAMLError) in try node.path() }
        let given = keys.filter { mapping[$0] != nil }
        guard let key = given.first, let node = mapping[key] else {
            diagnostics.report(
                mapping.position,
                "a channel has one of \(keys.map { "`\($0)`" }.joined(separator: ", ")): how it sends")
            return nil
        }
        if given.count > 1 {
            diagnostics.report(
                mapping.keyPosition(given[1]),
                "this channel has `\(key)` already: make `\(given[1])` a channel of its own")
        }
        if secret != nil, !key.isExactly("webhook") {
            diagnostics.report(
                mapping.keyPosition("secret-file"), "`secret-file` belongs to `webhook`, not to `\(key)`")
        }
        switch key {
        case "telegram": return TelegramSettings.read(node, &diagnostics).map { .telegram($0) }
        case "email": return EmailSettings.read(node, &diagnostics).map { .email($0) }
        case "alertmanager":
            let url = diagnostics.attempt { () throws(YAMLError) in try node.url("the URL of Alertmanager") }
            return url.map { .alertmanager(url: ExactText($0)) }
        default:
            let url = diagnostics.attempt { () throws(YAMLError) in try node.url("the webhook") }
            return url.map { .webhook(url: ExactText($0), secretFile: secret) }
        }
    }
}

extension YAMLNode {
    /// A URL of HTTP. No error repeats it, since it may be secret.
    func url(_ what: String) throws(YAMLError) -> String {
        let text = try text("a URL")
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text.utf8.count <= 2_000,
            let url = URLComponents(string: text), let scheme = url.scheme, let host = url.host, !host.isEmpty,
            scheme.isExactly("https") || scheme.isExactly("http"), url.user == nil, url.password == nil,
            url.fragment == nil
        else {
            throw YAMLError(
                position, "\(what) is no URL as https://host/path, without a user and without a fragment")
        }
        return text
    }

    /// The path of a file.
    func path() throws(YAMLError) -> String {
        let path = try text("the path of a file")
        if path.isEmpty { throw YAMLError(position, "the path is empty") }
        return path
    }
}
