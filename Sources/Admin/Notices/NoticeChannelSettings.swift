import Cloud
import Foundation
import Names
import ServiceSupport
import Text
import YAML

/// A channel by which notices reach people: an element of `notices` in ADMIN's settings.
public struct NoticeChannelSettings: Sendable, Hashable {
    /// What it is called in logs and in answers; other channels have other names.
    @ExactText var name: String
    /// Where notices are sent. It may be secret, and no message repeats it.
    @ExactText var url: String
    /// The file with the key of the signatures; `nil`: messages are not signed.
    var secretFile: String?
    /// Certificates (PEM) to trust instead of the system's.
    var caFile: String?
    /// Less urgent notices are not for it.
    var severity = Notice.Severity.info
    /// The types whose notices are for it; `nil`: all notices, also those about no type.
    var types: Set<String>?
    /// The same for locations.
    var locations: Set<String>?
    /// Where it stands in the settings, for errors.
    let place: String

    init(name: String, url: String, place: String) {
        self.name = name
        self.url = url
        self.place = place
    }

    /// The key of the channels in the file.
    static let key = "notices"
    /// The most channels.
    static let most = 32

    /// Whether a notice is for the channel.
    func takes(_ notice: Notice) -> Bool {
        guard notice.subject != .test else { return notice.name.isExactly(name) }
        return notice.severity >= severity && Self.has(types, notice.type) && Self.has(locations, notice.location)
    }

    private static func has(_ names: Set<String>?, _ name: String?) -> Bool {
        guard let names else { return true }
        return name.map(names.contains) ?? false
    }
}

// MARK: Reading

extension NoticeChannelSettings {
    /// `[{webhook: https://…, secret-file: …, severity: warning, types: [pgw], locations: [tcn]}]`
    static func read(_ node: YAMLNode, _ diagnostics: inout YAMLDiagnostics) -> [NoticeChannelSettings] {
        let nodes = diagnostics.attempt { () throws(YAMLError) in try node.sequence("a list of channels") } ?? []
        if nodes.count > most { diagnostics.report(node.position, "more than \(most) channels") }
        var names: Set<ExactText> = []
        return nodes.prefix(most).compactMap { node in
            guard let channel = channel(node, &diagnostics) else { return nil }
            if !names.insert(ExactText(channel.name)).inserted {
                diagnostics.report(
                    node.position, "a channel \(channel.name) is there already: give this one another `name`")
            }
            return channel
        }
    }

    private static func channel(_ node: YAMLNode, _ diagnostics: inout YAMLDiagnostics) -> NoticeChannelSettings? {
        let keys = ["webhook", "name", "secret-file", "ca-file", "severity", "types", "locations"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "a channel") else { return nil }
        let address = diagnostics.required("webhook", of: mapping) { node throws(YAMLError) in try url(node) }
        let name = diagnostics.optional(mapping["name"]) { node throws(YAMLError) in try self.name(node) }
        func path(_ key: String) -> String? {
            diagnostics.optional(mapping[key]) { node throws(YAMLError) in
                let path = try node.text("the path of a file")
                if path.isEmpty { throw YAMLError(node.position, "the path is empty") }
                return path
            }
        }
        let (secret, authorities) = (path("secret-file"), path("ca-file"))
        let severity = diagnostics.optional(mapping["severity"]) { node throws(YAMLError) in
            try node.choice(Notice.Severity.self, "severity")
        }
        let types = mapping["types"].map { self.names($0, .type, &diagnostics) }
        let locations = mapping["locations"].map { self.names($0, .location, &diagnostics) }
        guard let address else { return nil }
        var channel = NoticeChannelSettings(
            name: name ?? address.host, url: address.text, place: node.position.description)
        channel.secretFile = secret
        channel.caFile = authorities
        channel.severity = severity ?? .info
        (channel.types, channel.locations) = (types, locations)
        return channel
    }

    private static func url(_ node: YAMLNode) throws(YAMLError) -> (text: String, host: String) {
        let text = try node.text("a URL")
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text.utf8.count <= 2_000,
            let url = URLComponents(string: text), let scheme = url.scheme, let host = url.host, !host.isEmpty,
            scheme.isExactly("https") || scheme.isExactly("http"), url.user == nil, url.password == nil,
            url.fragment == nil
        else {
            throw YAMLError(
                node.position, "the webhook is no URL as https://host/path, without a user and without a fragment")
        }
        return (text, host)
    }

    private static func name(_ node: YAMLNode) throws(YAMLError) -> String {
        let name = try node.text("the name of a channel")
        let isFit = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
        }
        guard isFit, (1...63).contains(name.utf8.count) else {
            throw YAMLError(
                node.position,
                "\(node.summary) is no name of a channel: up to 63 letters, digits, \"-\", \".\" and \"_\"")
        }
        return name
    }

    private static func names(
        _ node: YAMLNode, _ kind: ObjectName.Kind, _ diagnostics: inout YAMLDiagnostics
    ) -> Set<String> {
        let nodes = diagnostics.attempt { () throws(YAMLError) in try node.oneOrMore("a list of names") } ?? []
        return nodes.reduce(into: []) { names, node in
            let name = diagnostics.attempt { () throws(YAMLError) in
                let name = try node.text("a name")
                if let problem = ObjectName.problem(with: name, as: kind) {
                    throw YAMLError(node.position, "\(node.summary) is no name of \(kind.phrase): it \(problem)")
                }
                return name
            }
            if let name { names.insert(name) }
        }
    }
}
