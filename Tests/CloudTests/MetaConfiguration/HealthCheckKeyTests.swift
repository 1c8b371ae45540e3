import HealthChecks
import Testing
import YAML

@testable import Cloud

@Suite("Checks in a gateway section") struct HealthCheckKeyTests {
    private func section(_ keys: String, ports: String = "ports: {80: 8080}") throws -> GatewaySection {
        let text = "type: t\ngateway:\n  - {name: s, address: www-ip, \(ports), \(keys)}\n"
        return try #require(MetaConfiguration.loadOne(text, file: "t.yaml").gateway.first)
    }

    private func error(_ keys: String, ports: String = "ports: {80: 8080}") -> String {
        #expect(throws: YAMLErrors.self) { try section(keys, ports: ports) }?.description ?? ""
    }

    @Test(
        "a check is the text that the export has",
        arguments: [
            ("tcp", "tcp"), ("tls", "tls"), ("http", "http path=/"), ("https", "https path=/"), ("dns", "dns query="),
            ("smtp", "smtp"), ("ping", "ping"), ("{tcp, port: 8081}", "tcp port=8081"), ("{tcp: true}", "tcp"),
            ("{http: /health}", "http path=/health"),
            (
                "{http: /a, host: \"www.example.com:8080\", status: [301, 200-203, 204], text: \"all is, well\"}",
                "http path=/a host=www.example.com:8080 status=200-204;301 text=all%20is%2C%20well"
            ),
            ("{https: /, host: www.example.com}", "https path=/ host=www.example.com name=www.example.com"),
            ("{http: /, tls: true}", "https path=/"), ("{http: /, tls: false}", "http path=/"),
            ("{https: /, host: \"10.0.0.1:80\"}", "https path=/ host=10.0.0.1:80"),
            ("{https: /, host: a, tls: {name: b, verify: full}}", "https path=/ host=a name=b verify=full"),
            ("{tls: {verify: none}}", "tls verify=none"), ("{dns: example.com.}", "dns query=example.com"),
            ("{dns: {query: example.com, type: AAAA}, port: 53}", "dns query=example.com type=aaaa port=53"),
            (
                "{udp: {send: \"PING\\r\\n\", expect: {hex: 00 Ff}}, port: 7}",
                "udp send=PING%0D%0A expect=%00%FF port=7"
            ),
            ("{command: [/bin/check, -v]}", "command arg=/bin/check arg=-v"),
            ("{command: /bin/check}", "command arg=/bin/check"),
            ("{tcp, interval: 2s, timeout: 500ms}", "tcp interval=2 timeout=0.5"),
            ("{tcp, interval: 1, fall: 2}", "tcp interval=1 timeout=1 fall=2"),
            ("{tcp, interval: 1m, fast-interval: 2s, rise: 5}", "tcp interval=60 fast-interval=2 rise=5"),
            ("{tcp, drop-after: never}", "tcp drop-after=never"), ("{tcp, drop-after: 0}", "tcp drop-after=0"),
            ("{tcp, drop-after: 10s}", "tcp"), ("{tcp, drop-after: 1d}", "tcp drop-after=86400"),
        ])
    func texts(written: String, text: String) throws {
        let protocols = written.hasPrefix("dns") || written.hasPrefix("{dns: ex") ? ", protocol: udp" : ""
        #expect(try section("check: \(written)\(protocols)").options.check?.description == text)
    }

    @Test(
        "what cannot be is refused with its reason",
        arguments: [
            ("tcpp", "unknown kind of check \"tcpp\"; did you mean \"tcp\"?"), ("udp", "needs what to send"),
            ("command", "needs a program"), ("[tcp]", "expected a kind of check"),
            ("{port: 80}", "a check needs a kind"),
            ("{tcp, http: /}", "a check has one kind: \"tcp\" or \"http\", not both"),
            ("{tcp, host: a}", "a tcp check has no \"host\""), ("{ping, port: 80}", "a ping check has no \"port\""),
            ("{tls, text: a}", "a tls check has no \"text\""), ("{tcp: 80}", "expected nothing or true"),
            ("{htp: /}", "unknown key \"htp\"; did you mean \"http\"?"),
            ("{http: health}", "a path that starts with \"/\""),
            ("{http: \"/a b\"}", "a path that starts"), ("{http: /, status: 99}", "an HTTP status from 200 to 599"),
            ("{http: /, status: [200-299, 204]}", "overlaps other statuses"),
            ("{http: /, status: 204, text: a}", "no body"), ("{https: /, tls: false}", "an https check is over TLS"),
            ("{tls: {verify: full}}", "\"name\" is missing"), ("{tls: {verify: fuil}}", "did you mean \"full\"?"),
            ("{tls: {sni: a}}", "unknown key \"sni\""), ("{dns: {query: a, type: AAAAA}}", "(a, aaaa, cname, mx"),
            ("{dns: a..b}", "labels of 1 to 63"), ("{udp: {expect: a}}", "the key \"send\" is missing"),
            ("{udp: {send: {hex: 0}}}", "pairs of hexadecimal digits"), ("{udp: {send: {hex: +1}}}", "pairs of hex"),
            ("{udp: {send: \"\"}}", "1 to 1024 bytes"), ("{command: check}", "the absolute path"),
            ("{command: /bin/check -v}", "no shell splits a command"), ("{command: []}", "empty list"),
            ("{tcp, interval: 2s, timeout: 3s}", "a timeout of 3s is longer than the interval of 2s"),
            ("{tcp, fast-interval: 10s}", "10s is longer than the interval of 5s"),
            ("{tcp, interval: 99ms}", "\"99ms\" is too short: expected an interval from 100ms to 1h"),
            ("{tcp, interval: 5 s}", "found \"5 s\""),
            ("{tcp, interval: 5 s}", "from 100ms to 1h (500ms, 5s, 1m, 1h, or whole seconds as a number)"),
            ("{tcp, interval: 2h}", "\"2h\" is too long: expected an interval from 100ms to 1h"),
            ("{tcp, interval: 5000}", "5000 is 5000s, which is too long: expected an interval from 100ms to 1h"),
            ("{tcp, interval: 0.1}", "0.1: a time has no decimals: write 100ms; expected an interval from 100ms to 1h"),
            ("{tcp, interval: 1.5s}", "\"1.5s\": a time has no decimals: write 1500ms; expected an interval"),
            ("{tcp, timeout: 0.01}", "0.01: a time has no decimals: expected a timeout from 100ms to 1h"),
            ("{tcp, drop-after: 2d}", "\"2d\" is too long: expected \"never\", or a time from 0s to 1d"),
            ("{tcp, rise: 0}", "a number of probes from 1 to 100"),
            ("{tcp, drop-after: nevr}", "\"never\", or a time"), ("{dns: example.com}", "the check asks by udp"),
        ])
    func refused(written: String, reason: String) {
        let error = error("check: \(written)")
        #expect(error.contains(reason) && error.hasPrefix("t.yaml:3:"), "\(error)")
    }

    @Test("a check that is too long for the prober's socket is refused")
    func tooLong() {
        let word = String(repeating: "a", count: 1_000)
        #expect(error("check: {command: [/bin/a, \(word), \(word), \(word), \(word), \(word)]}").contains("too long"))
    }

    @Test("under a mark a check needs a port of its own, unless it has none")
    func mark() throws {
        let fwm = "fwm: {ports: 20000-29999}"
        #expect(error("check: tcp", ports: fwm).contains("needs a \"port\" of its own"))
        #expect(try section("check: ping", ports: fwm).options.check?.description == "ping")
        #expect(try section("check: {tcp, port: 20000}", ports: fwm).options.check?.port == 20_000)
    }

    @Test("what follows from verdicts needs a check, and dnat takes none")
    func without() {
        #expect(error("minimum: 1").contains("there is no \"check\""))
        #expect(error("slow-start: 30s").contains("there is no \"check\""))
        #expect(error("check: tcp, slow-start: 30s, scheduler: rr").contains("does not share by weight"))
        #expect(error("check: tcp, slow-start: 1500ms").contains("whole seconds"))
        for key in ["check: tcp", "sorry: 10.0.0.9:80", "minimum: 1", "one-packet: true"] {
            #expect(error("method: dnat, \(key)").contains("has no meaning here"), "\(key)")
        }
    }
}
