import HealthChecks
import Text
import YAML

extension HealthCheck {
    /// The check as the key `check` of a gateway section has it.
    var yaml: YAMLNode {
        var pairs: [(String, YAMLNode)] = []
        switch probe {
        case .tcp: pairs = [("tcp", .plain("true"))]
        case .smtp: pairs = [("smtp", .plain("true"))]
        case .ping: pairs = [("ping", .plain("true"))]
        case .tls(let tls): pairs = [("tls", tls.yaml)]
        case .http(let http):
            pairs = [(http.tls == nil ? "http" : "https", .text(http.path))]
            if let host = http.host { pairs.append(("host", .text(host))) }
            if http.statuses != Probe.HTTP.success {
                pairs.append(
                    (
                        "status",
                        .list(
                            http.statuses.map {
                                .plain($0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)")
                            })
                    ))
            }
            if let text = http.text { pairs.append(("text", .text(text))) }
            if let tls = http.tls { pairs.append(("tls", tls.yaml)) }
        case .dns(let dns):
            pairs = [
                (
                    "dns",
                    .mapping([("query", .text(dns.name.isEmpty ? "." : dns.name)), ("type", .plain(dns.type.rawValue))])
                )
            ]
        case .udp(let udp):
            var members: [(String, YAMLNode)] = [("send", Self.hex(udp.send))]
            if let expect = udp.expect { members.append(("expect", Self.hex(expect))) }
            pairs = [("udp", .mapping(members))]
        case .command(let words): pairs = [("command", .list(words.map { .text($0) }))]
        }
        if let port { pairs.append(("port", .plain("\(port)"))) }
        pairs += [
            ("interval", .plain(Self.time(timing.interval))), ("timeout", .plain(Self.time(timing.timeout))),
            ("rise", .plain("\(timing.rise)")), ("fall", .plain("\(timing.fall)")),
            ("fast-interval", .plain(Self.time(timing.fastInterval))),
            ("drop-after", .plain(dropAfter.map { Self.time($0) } ?? "never")),
        ]
        return .mapping(pairs)
    }

    private static func hex(_ bytes: [UInt8]) -> YAMLNode { .mapping([("hex", .text(bytes.hexadecimal))]) }

    private static func time(_ milliseconds: Int) -> String {
        milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
    }
}

extension Probe.TLS {
    fileprivate var yaml: YAMLNode {
        .mapping((name.map { [("name", .text($0))] } ?? []) + [("verify", .text(verify.rawValue))])
    }
}

extension YAMLNode {
    private static let nowhere = YAMLPosition(file: "", line: 1, column: 1)

    /// A text, which is quoted where a reader would take it for something else.
    static func text(_ text: String) -> YAMLNode {
        YAMLNode(.scalar(YAMLScalar(text: text, isPlain: false)), at: nowhere)
    }

    /// A number, a truth value, or a word that is none.
    static func plain(_ text: String) -> YAMLNode {
        YAMLNode(.scalar(YAMLScalar(text: text, isPlain: true)), at: nowhere)
    }

    static func list(_ nodes: [YAMLNode]) -> YAMLNode { YAMLNode(.sequence(nodes), at: nowhere) }

    static func mapping(_ pairs: [(String, YAMLNode)]) -> YAMLNode {
        YAMLNode(.mapping(pairs.map { YAMLPair(key: YAMLKey($0.0, at: nowhere), value: $0.1) }), at: nowhere)
    }
}
