import ArgumentParser
import Cloud
import CombinedConfiguration
import Fuzzing
import YAML

struct FuzzYAML: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "yaml", abstract: "YAML, as such and as the meta-configuration of service types.")

    @OptionGroup var options: FuzzOptions

    func run() throws {
        options.run(
            "yaml", corpus: [Self.types, Self.configurations, Self.oddities].map { Array($0.utf8) },
            dictionary: [
                ": ", "- ", "\n", "\r\n", "\n  ", "\n    - ", "\t", "[", "]", "{", "}", ", ", "? ", "&a ", "*a", "<<",
                "!secret ",
                "!!str ", "!", "|", ">", "|2-\n", "\"", "'", "\\", "\\u0041", "#", " #", "%YAML 1.2\n---\n", "---\n",
                "...\n",
                "\u{FEFF}", "\u{85}", "\u{2028}", "\u{0}", "~", "null", "true", "no", "0", "65535", "65536", "0x50",
                "1e3",
                ".nan", "tcp", "udp", "dnat", "tunnel", "masq", "wlc", "20000-29999", "203.0.113.0/24", "2001:db8::/32",
                "!append ", "!replace ", "!delete", "${", "}", "$${", ":-", "${app-index}", "${config.port}", "config.",
                "${services.mdb.addresses}", "${location.p-ip.addresses:-[]}", "${service.name}", "workers: ",
                "check: ", "{tcp, port: ", "interval: 500ms", "limit: ", "100/s", "sorry: ", "hairpin: ", "{hex: 00}",
                "common", "fake: true\n", "gateway:\n", "ports: ", "fwm: ", "[[[[[[[[", "{{{{{{{{",
            ],
            body: { bytes in
                let isYAML = YAMLDocument.fuzz(bytes, allowedTags: ConfigurationMarker.tags)
                let isConfiguration = MetaConfiguration.fuzz(bytes)
                precondition(isYAML || !isConfiguration, "a meta-configuration that is no YAML")
                return isConfiguration
            })
    }

    private static let types = """
        type: pgw
        require-index: true
        requires: {server: app, types: [tg]}
        install: {mkdir: [logs, {path: data, label: db}], files: [bin/pgw]}
        config:
          - sort-order: 10
            for: common
            values: {name: "${service.name}", workers: 4}
        build: {command: [make, all], directory: out, environment: {A: b}, variants: {debug: {command: [make, debug]}}}
        run: {command: [bin/pgw, -s], environment: {A: b}, stop-signal: INT, stop-timeout: 9s, ready: {port: 8080},
          workers: 4, reload: {signal: HUP}, watchdog: 9s, inherit: nginx}
        listen: [{name: http, port: 8080}, {name: a, ports: 5-9, protocol: udp, address: "::1"}]
        actions: [{name: a, command: bin/a, arguments: [{name: k, words: [x, y]}, {name: n, number: [1, 2]}], every: 1h}]
        limits: {memory: 1G, cpu: 150%, processes: 9}
        user: pgw
        tests:
          - {name: ping, http: {port: 8080, path: /ping, status: 200}}
          - {name: check, command: [bin/pgw, --check], timeout: 60}
        gateway:
          - name: http
            address: www-ip
            ports: {80: 8080, 443: 8443}
            protocol: tcp
            scheduler: wlc
            weight: 100
            from: [203.0.113.0/24, "2001:db8:ff::/48"]
          - {name: one, address: www-ip, ports: [25], method: dnat}
          - name: checked
            address: www-ip
            ports: {8081: 8081}
            check: {https: /health, host: www.example.com, status: [200-299, 404], text: ok, tls: {verify: full}}
            slow-start: 30s
            minimum: 1
            sorry: [10.1.0.9:8080, "[fd00::9]:8080"]
            limit: {rate: 100/s, burst: 200, connections: 50, prefix: {ipv4: 24, ipv6: 64}}
            max-rate: 1000
            persistence: 300
            persistence-mask: 24
            hairpin: [10.1.0.0/16]
          - name: datagrams
            address: www-ip
            ports: 53
            protocol: udp
            one-packet: true
            check: {udp: {send: {hex: 00ff}, expect: PONG}, port: 7, interval: 500ms, drop-after: never}
        ---
        type: tg
        gateway:
          - name: devices
            address: tg-ip
            fwm: {ports: [20000-29999, 31000], protocols: [tcp, udp], mark: 257}
            scheduler: mh
            persistence: 300
            drain: 900

        """

    private static let configurations = """
        type: default
        fake: true
        config:
          - sort-order: 0
            for: common
            values:
              name: ${service.name}
              workers: 1
              url: "http://${server.address}:${config.port}/$${kept}"
              port: 80
              list: [a, {b: 1.5}, null]
              log: {level: info, remote: {to: x}}
        ---
        type: mdb
        require-index: true
        config:
          - sort-order: 10
            for: [mdb, tg]
            values:
              workers: ${app-index:-2}
              peers: ${services.mdb.addresses}
              list: !append [c]
              password: !secret s
          - sort-order: 20
            values:
              log: !replace {level: "${location.name}"}
              port: !delete
              url: ${location.www-ip:-none}
              more: !append ${server.addresses}

        """

    private static let oddities = """
        %YAML 1.2
        --- # comment
        anchors: &a {x: &b [1, 0x1F, ~], y: *b}
        again: [*a, *b]
        ? long
        : |
          kept
            lines
        folded: >-
          one
          two
        quoted: ["a\\tb\\u00e9", 'it''s', plain text, é, -1.5e3]
        tagged: !secret token
        ...
        ---
        second

        """
}
