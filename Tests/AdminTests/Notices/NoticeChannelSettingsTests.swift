import Names
import Cloud
import ServiceSupport
import Testing
import YAML

@testable import Admin

@Suite("Channels in ADMIN's settings") struct NoticeChannelSettingsTests {
    private func read(_ text: String) throws -> [NoticeChannelSettings] {
        try AdminSettings.read(
            file: SettingsFile(path: "admin.yaml", text: text), environment: [:], flags: [:]
        ).channels
    }

    @Test("a channel has a URL, and takes what is for it")
    func channel() throws {
        let channels = try read(
            """
            listen: 127.0.0.1:1
            notices:
              - webhook: https://chat.example/hook?key=1
                severity: warning
                types: [pgw]
                locations: tcn
              - {webhook: "http://127.0.0.1:9/", name: local}
            """)
        #expect(channels.map(\.name) == ["chat.example", "local"])
        let notice = Notice(.warning, of: .service, "pgw.1", title: "x", location: "tcn", type: "pgw")
        #expect(channels.allSatisfy { $0.takes(notice) })
        for (other, name) in [
            (Notice(.info, of: .service, "pgw.1", title: "x", location: "tcn", type: "pgw"), "severity"),
            (Notice(.critical, of: .service, "tg.1", title: "x", location: "tcn", type: "tg"), "type"),
            (Notice(.critical, of: .service, "pgw.1", title: "x", location: "hel", type: "pgw"), "location"),
            (Notice(.critical, of: .server, "app1", title: "x", location: "tcn"), "no type"),
        ] {
            #expect(!channels[0].takes(other) && channels[1].takes(other), "\(name)")
        }
        let test = Notice(.info, of: .test, "chat.example", title: "x")
        #expect(channels.map { $0.takes(test) } == [true, false])
    }

    @Test(
        "what is wrong is told with its place",
        arguments: [
            ("notices: {webhook: x}", "admin.yaml:1:10: "),
            ("notices:\n  - {webhook: ftp://a/}", "admin.yaml:2:15: the webhook is no URL"),
            ("notices:\n  - {webhook: 'https://me:pw@a/'}", "admin.yaml:2:15: the webhook is no URL"),
            ("notices:\n  - {severity: info}", "a channel has one of `webhook`, `telegram`"),
            (
                "notices:\n  - {webhook: https://a/, alertmanager: https://b/}",
                "admin.yaml:2:27: this channel has `webhook` already"
            ),
            ("notices:\n  - {alertmanager: https://b/, secret-file: x}", "`secret-file` belongs to `webhook`"),
            ("notices:\n  - {webhook: https://a/, fallback: b}", "the `fallback` of the channel a is b: name another"),
            ("notices:\n  - {webhook: https://a/, fallback: a}", "the `fallback` of the channel a is a: name another"),
            ("notices:\n  - {webhook: https://a/, fallback-after: 5s}", "`fallback-after` belongs to `fallback`"),
            ("notices:\n  - {webhook: https://a/, fallback: b, fallback-after: 1s}", "admin.yaml:2:56: "),
            ("dead-man-url: ping", "admin.yaml:1:15: the `dead-man-url` is no URL"),
            ("notices:\n  - {email: {server: a, from: a@b}}", "the key \"to\" is missing"),
            ("notices:\n  - {email: {server: a:0, from: a@b, to: c@d}}", "is no mail server"),
            ("notices:\n  - {email: {server: a, from: \"a@b\\nX: y\", to: c@d}}", "is no e-mail address"),
            ("notices:\n  - {email: {server: a, from: a@b, to: []}}", "found an empty list"),
            ("notices:\n  - {email: {server: a, from: a@b, to: c@d, user: u}}", "belong together"),
            (
                "notices:\n  - {email: {server: a, from: a@b, to: c@d, tls: none, user: u, password-file: x}}",
                "would be sent without encryption"
            ),
            ("notices:\n  - {telegram: {chat: 1}}", "the key \"token-file\" is missing"),
            ("notices:\n  - {telegram: {token-file: x, chat: ops}}", "is no chat: the number of a chat"),
            ("notices:\n  - {telegram: {token-file: x, chat: 0}}", "is no chat"),
            ("notices:\n  - {telegram: {token-file: x, chat: 1, thread: 0}}", "the number of a topic from 1"),
            ("notices:\n  - {telegram: {token-file: x, chat: 1, api-url: a}}", "the server of the Bot API is no URL"),
            ("notices:\n  - {webhook: https://a/, severity: bad}", "admin.yaml:2:37: "),
            ("notices:\n  - {webhook: https://a/, secret: x}", "unknown key \"secret\""),
            ("notices:\n  - {webhook: https://a/}\n  - {webhook: https://a/2}", "a channel a is there already"),
            ("notices:\n  - {webhook: https://a/, types: [A B]}", "is no name of a type"),
        ])
    func faults(text: String, message: String) {
        let error = #expect(throws: YAMLErrors.self) { try read(text) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(message), "\(error.map { "\($0)" } ?? "")")
    }

    @Test("a file of a channel that cannot be used is named with the channel's place")
    func files() throws {
        let channels = try read("notices:\n  - {webhook: https://a/, secret-file: /nowhere/key}")
        #expect(throws: SettingsError("admin.yaml:2:5: secret-file /nowhere/key is not there")) {
            try NoticeTarget(channels[0])
        }
    }
}
