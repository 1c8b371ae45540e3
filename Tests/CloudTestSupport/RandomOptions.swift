package import TestSupport

/// Options of gateway sections that may stand beside each other: limits, health, hairpin.
package enum RandomOptions {
    /// What the section is otherwise.
    package enum Section: Equatable {
        case mark(protocols: String)
        case ports
        /// Under `dnat`.
        case single
    }

    /// The keys with their values, each after a comma.
    package static func text(_ section: Section, using random: inout SeededGenerator) -> String {
        var text = ""
        func add(_ choices: String...) { text += choices.randomElement(using: &random) ?? "" }
        add("", "", ", max-rate: 1000000")
        add(
            "", "", ", limit: 100/s",
            ", limit: {rate: 1000000/h, burst: 999999, connections: 1000000, prefix: {ipv4: 24, ipv6: 128}}",
            ", limit: {connections: 5, prefix: {ipv6: 127}}")
        guard section != .single else { return text }
        add("", "", ", sorry: 10.9.0.9", ", sorry: [10.9.0.9, fd00:9999:9999:9999:9999:9999:9999:9999]")
        let check = ["", "", checks.randomElement(using: &random) ?? ""].randomElement(using: &random) ?? ""
        guard !check.isEmpty else { return text }
        text += ", check: \(check)"
        add("", ", slow-start: 1h", ", minimum: 1", ", minimum: 1000000, slow-start: 30")
        return text
    }

    /// Checks of every kind, at a port of their own.
    private static let checks = [
        "{tcp, port: 65535}", "{tls: {name: www.example.com, verify: full}, port: 443, drop-after: never}", "ping",
        "{http: \"/a?b=%20,c\", host: www.example.com, status: [200-299, 404], text: \"\\u00e9, \\\"ok\\\" 100 %\", port: 80}",
        "{https: /, tls: {verify: none}, port: 8443, interval: 1m, timeout: 59999ms, rise: 100, fall: 100}",
        "{dns: {query: example.com, type: AAAA}, port: 53}", "{smtp, port: 25, interval: 100ms, fast-interval: 100ms}",
        "{udp: {send: {hex: 00 2c 25 ff}, expect: PONG}, port: 7}", "{command: [/bin/check, \"a b,c\", \"\"]}",
    ]
}
