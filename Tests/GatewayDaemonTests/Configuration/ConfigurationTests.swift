import AdminClient
import GatewayDaemon
import GatewaySync
import Netlink
import NetworkTypes
import ServiceSupport
import Testing

@Suite struct ConfigurationTests {
    private func load(
        _ file: String?, environment: [String: String] = [:], flags: [(key: ConfigurationKey, value: String)] = []
    ) throws -> GatewayConfiguration {
        try GatewayConfiguration.load(
            file: file.map { SettingsFile(path: "gateway.yaml", text: $0) }, environment: environment, flags: flags,
            hostName: "gw1")
    }

    @Test("without any source the defaults hold")
    func defaults() throws {
        #expect(try load(nil) == GatewayConfiguration(name: "gw1"))
        #expect(try load("# nothing set\n") == GatewayConfiguration(name: "gw1"))
    }

    @Test("every key of the file is read")
    func file() throws {
        var expected = GatewayConfiguration(name: "gw7")
        expected.adminURL = try AdminURLs("https://admin.example:8443")
        expected.location = "tcn"
        expected.tokenFile = "/etc/portcullis/token"
        expected.caFile = "/etc/portcullis/ca.pem"
        expected.interval = 5
        expected.wait = 30
        expected.timeout = 4
        expected.stateDirectory = "/tmp/a"
        expected.runDirectory = "/tmp/b"
        expected.marks = 1_000...1_999
        expected.drainTime = 0
        expected.timeouts = IPVS.Timeouts(tcp: 900, tcpFin: 120, udp: 300)
        expected.role = .passive
        expected.sync.interface = "eth1"
        expected.sync.id = 7
        expected.sync.daemons = .both
        expected.sync.maximumLength = 1_472
        expected.sync.group = IPAddress("224.0.0.82")
        expected.sync.port = 8_849
        let text = """
            admin-url: https://admin.example:8443
            location: tcn
            name: gw7
            token-file: /etc/portcullis/token
            ca-file: /etc/portcullis/ca.pem
            interval: 5
            wait: 30
            timeout: 4
            state-directory: /tmp/a
            run-directory: /tmp/b
            marks: 1000-1999
            drain-time: 0
            ipvs-timeouts: {tcp: 900, tcp-fin: 120, udp: 300}
            role: passive
            sync: {interface: eth1, id: 7, daemons: both, maximum-length: 1472, group: 224.0.0.82, port: 8849}
            """
        #expect(try load(text) == expected)
        #expect(try expected.exportURL() == "https://admin.example:8443/v1/locations/tcn/services.csv")
    }

    @Test("the environment goes before the file, flags before both")
    func order() throws {
        let configuration = try load(
            "location: a\ninterval: 5\nwait: 1\n",
            environment: [
                "PORTCULLIS_LOCATION": "b", "PORTCULLIS_INTERVAL": "6", "PORTCULLIS_IPVS_TIMEOUTS_TCP_FIN": "9",
            ],
            flags: [(.location, "c")])
        #expect(configuration.location == "c")
        #expect(configuration.interval == 6)
        #expect(configuration.wait == 1)
        #expect(configuration.timeouts.tcpFin == 9)
    }

    @Test(
        "a wrong setting is told with its place",
        arguments: [
            ("locatoin: tcn", "gateway.yaml:1:1: unknown key \"locatoin\"; did you mean \"location\"?"),
            ("interval: 0", "gateway.yaml:1:11: interval: \"0\" is not a whole number from 1 to 3600"),
            ("interval: +5", "gateway.yaml:1:11: interval: \"+5\" is not a whole number from 1 to 3600"),
            (
                "name: \"a\\nb\\e[31m\"",
                "gateway.yaml:1:7: name: \"a\\nb\\u{1B}[31m\" is not a name ([a-z0-9][a-z0-9._-]{0,62})"
            ),
            ("location: TCN", "gateway.yaml:1:11: location: \"TCN\" is not a name ([a-z0-9][a-z0-9._-]{0,62})"),
            (
                "admin-url: admin.example",
                "gateway.yaml:1:12: admin-url: \"admin.example\" is not an http:// or https:// address"
            ),
            (
                "admin-url: http://ops:secret@admin",
                "gateway.yaml:1:12: admin-url: \"http://***@admin\" has a user or a password, which ADMIN knows nothing of: "
                    + "use token-file"
            ),
            (
                "admin-url: https://admin.example, admin",
                "gateway.yaml:1:12: admin-url: \"admin\" is not an http:// or https:// address"
            ),
            (
                "admin-url: https://admin.example/portcullis",
                "gateway.yaml:1:12: admin-url: \"https://admin.example/portcullis\" is not an address of ADMIN: "
                    + "it goes on after host and port"
            ),
            ("marks: 9-1", "gateway.yaml:1:8: marks: \"9-1\" is not a range of marks (256-65535)"),
            (
                "ipvs-timeouts: {tcp: x}",
                "gateway.yaml:1:22: ipvs-timeouts.tcp: \"x\" is not a whole number from 0 to 2678400"
            ),
            ("role: master", "gateway.yaml:1:7: role: \"master\" is neither active nor passive"),
            (
                "sync: {interface: eth/1}",
                "gateway.yaml:1:19: sync.interface: \"eth/1\" is not the name of a network interface"
            ),
            (
                "sync: {interface: \"eth/\u{301}\"}",
                "gateway.yaml:1:19: sync.interface: \"eth/\u{301}\" is not the name of a network interface"
            ),
            ("sync: {id: 256}", "gateway.yaml:1:12: sync.id: \"256\" is not a whole number from 0 to 255"),
            ("sync: {daemons: none}", "gateway.yaml:1:17: sync.daemons: \"none\" is neither by-role nor both"),
            ("sync: {group: 10.1.0.1}", "gateway.yaml:1:15: sync.group: \"10.1.0.1\" is not a multicast address"),
        ])
    func wrong(text: String, message: String) {
        let error = #expect(throws: (any Error).self) { try load(text) }
        #expect(error.map { "\($0)" } == message)
    }

    @Test("a wrong variable and a wrong flag are named")
    func wrongElsewhere() {
        var error = #expect(throws: SettingsError.self) {
            try load(nil, environment: ["PORTCULLIS_DRAIN_TIME": "long"])
        }
        #expect(error?.description == "PORTCULLIS_DRAIN_TIME: \"long\" is not a whole number from 0 to 604800")
        error = #expect(throws: SettingsError.self) { try load(nil, flags: [(.wait, "-1")]) }
        #expect(error?.description == "--wait: \"-1\" is not a whole number from 0 to 3600")
        error = #expect(throws: SettingsError.self) {
            try GatewayConfiguration.load(
                file: nil, environment: [:], flags: [], assignments: [(.syncID, "x")], hostName: "gw1")
        }
        #expect(error?.description == "--set sync.id: \"x\" is not a whole number from 0 to 255")
    }

    @Test("ADMIN may have several addresses, with commas or white space between them")
    func severalAddresses() throws {
        let urls = ["https://a.example:8443", "https://b.example:8443"]
        for text in [urls.joined(separator: ", "), urls.joined(separator: " "), urls.joined(separator: "/,")] {
            #expect(try load("admin-url: \(text)").adminURL?.all.map(\.description) == urls)
        }
        let both = try load("admin-url: \(urls.joined(separator: " "))\nlocation: tcn")
        #expect(
            try both.exportURL()
                == "https://a.example:8443/v1/locations/tcn/services.csv, "
                + "https://b.example:8443/v1/locations/tcn/services.csv")
    }

    @Test("what is missing is told with every way to set it")
    func missing() {
        let error = #expect(throws: SettingsError.self) { try GatewayConfiguration(name: "gw1").exportURL() }
        #expect(error?.description.contains("PORTCULLIS_ADMIN_URL, or --admin-url") == true)
    }
}
