import Cloud
import Text
import YAML

/// `email` of a channel: a mail server, and who gets the mail.
struct EmailSettings: Sendable, Hashable {
    /// How the connection is encrypted.
    enum Encryption: String, Sendable, Hashable, CaseIterable {
        /// Not at first, and then by STARTTLS; a server without it gets nothing.
        case startTLS = "starttls"
        /// From the first byte.
        case implicit
        /// Never.
        case none

        /// The port if the settings have none.
        var usualPort: Int {
            switch self {
            case .startTLS: 587
            case .implicit: 465
            case .none: 25
            }
        }
    }

    @ExactText var host: String
    var port: Int
    var encryption: Encryption
    @ExactText var from: String
    var to: [ExactText]
    /// Whom the server knows; `nil`: it wants to know nobody.
    var user: ExactText?
    /// The file with the user's password.
    var passwordFile: String?

    /// The most people.
    private static let most = 50

    /// `{server: mail.example.net, from: portcullis@example.net, to: [ops@example.net], tls: starttls, user: …,
    /// password-file: …}`
    static func read(_ node: YAMLNode, _ diagnostics: inout YAMLDiagnostics) -> EmailSettings? {
        let keys = ["server", "tls", "from", "to", "user", "password-file"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "the settings of e-mail") else { return nil }
        let server = diagnostics.required("server", of: mapping) { node throws(YAMLError) in try Self.server(node) }
        let encryption =
            diagnostics.optional(mapping["tls"]) { node throws(YAMLError) in
                try node.choice(Encryption.self, "encryption")
            } ?? .startTLS
        let from = diagnostics.required("from", of: mapping) { node throws(YAMLError) in try Self.address(node) }
        let to = diagnostics.required("to", of: mapping) { node throws(YAMLError) in
            try node.oneOrMore("a list of addresses")
        }
        let people = (to ?? []).compactMap { node in
            diagnostics.attempt { () throws(YAMLError) in ExactText(try Self.address(node)) }
        }
        if to != nil, !(1...most).contains(people.count) {
            diagnostics.report(mapping.keyPosition("to"), "`to` has 1 to \(most) addresses")
        }
        let user = diagnostics.optional(mapping["user"]) { node throws(YAMLError) in try Self.user(node) }
        let file = diagnostics.optional(mapping["password-file"]) { node throws(YAMLError) in try node.path() }
        if (mapping["user"] == nil) != (mapping["password-file"] == nil) {
            diagnostics.report(mapping.position, "`user` and `password-file` belong together")
        }
        if user != nil, encryption == .none {
            diagnostics.report(
                mapping.keyPosition("user"), "the password would be sent without encryption: leave out `tls: none`")
        }
        guard let server, let from else { return nil }
        return EmailSettings(
            host: server.host, port: server.port ?? encryption.usualPort, encryption: encryption, from: from,
            to: people,
            user: user.map { ExactText($0) }, passwordFile: file)
    }

    /// `mail.example.net`, `mail.example.net:587`, `[::1]:25`
    private static func server(_ node: YAMLNode) throws(YAMLError) -> (host: String, port: Int?) {
        let text = try node.text("a mail server")
        let isBracketed = text.utf8.first == UInt8(ascii: "[")
        let end = isBracketed ? text.utf8.lastIndex(of: UInt8(ascii: "]")).map { text.utf8.index(after: $0) } : nil
        let colon = (end.map { text[$0...] } ?? text[...]).lastByte(":")
        var host = text[..<(colon ?? text.endIndex)]
        if isBracketed { host = host.utf8.count > 2 ? host.dropFirst().dropLast() : "" }
        let port = colon.map { Int(text[text.utf8.index(after: $0)...]) }
        let isFit = host.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                || (isBracketed && byte == UInt8(ascii: ":"))
        }
        guard isFit, (1...253).contains(host.utf8.count), port.map({ $0.map((1...65_535).contains) ?? false }) ?? true
        else {
            throw YAMLError(
                node.position,
                "\(node.summary) is no mail server: a name or an address, with \":\" and a port if need be")
        }
        return (String(host), port ?? nil)
    }

    /// An address that needs neither quotes nor escapes, so that nothing in it can begin another header.
    private static func address(_ node: YAMLNode) throws(YAMLError) -> String {
        let text = try node.text("an e-mail address")
        let parts = text.splitBytes("@")
        let isFit = text.utf8.allSatisfy { byte in
            (0x21...0x7E).contains(byte) && !Array("()<>[],;:\\\"".utf8).contains(byte)
        }
        guard isFit, parts.count == 2, (1...64).contains(parts[0].utf8.count), (1...189).contains(parts[1].utf8.count)
        else { throw YAMLError(node.position, "\(node.summary) is no e-mail address, as ops@example.net") }
        return text
    }

    private static func user(_ node: YAMLNode) throws(YAMLError) -> String {
        let text = try node.text("a user")
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw YAMLError(node.position, "the user is no name of 1 to 255 bytes without control characters")
        }
        return text
    }
}
