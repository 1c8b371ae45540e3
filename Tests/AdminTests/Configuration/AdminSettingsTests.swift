import Logging
import Registry
import ServiceSupport
import Testing
import YAML

@testable import Admin

@Suite("Settings of portcullis-admin") struct AdminSettingsTests {
    @Test("file, environment and flags override each other in that order")
    func order() throws {
        let file = SettingsFile(
            path: "admin.yaml", text: "listen: 127.0.0.1:1\ndatabase: /a\nlog-level: debug\n")
        let settings = try AdminSettings(
            file: try file.settings(),
            environment: ["PORTCULLIS_ADMIN_DATABASE": "/b", "PORTCULLIS_ADMIN_LOG_LEVEL": "error"],
            flags: [.logLevel: "trace"])
        #expect(settings.listen.description == "127.0.0.1:1")
        #expect(settings.database == "/b")
        #expect(settings.logLevel == .trace)
        #expect(try AdminSettings().listen.description == "127.0.0.1:8080")
    }

    @Test("a value that cannot be used is named with where it stands")
    func faults() throws {
        let file = SettingsFile(path: "admin.yaml", text: "# here\nlisten: 8080\n")
        #expect(throws: SettingsError(#"admin.yaml:2:9: "8080" is not HOST:PORT, an IPv6 address in brackets"#)) {
            try AdminSettings(file: try file.settings())
        }
        #expect(throws: SettingsError("PORTCULLIS_ADMIN_TLS_KEY: tls-key is useless without tls-certificate")) {
            try AdminSettings(environment: ["PORTCULLIS_ADMIN_TLS_KEY": "/k"])
        }
        #expect(
            throws: SettingsError("the variable PORTCULLIS_ADMIN_DATABASE is empty: give it a value, or unset it")
        ) {
            try AdminSettings(environment: ["PORTCULLIS_ADMIN_DATABASE": ""])
        }
        #expect(throws: SettingsError("--database: \":memory:\" is not the path of a file")) {
            try AdminSettings(flags: [.database: ":memory:"])
        }
        for name in ["tls-certificate", "tls-key", "secrets-key"] {
            let text = ["tls-certificate", "tls-key"].map { "\($0): \($0 == name ? "\"\"" : "/x")\n" }.joined()
            let file = SettingsFile(path: "admin.yaml", text: name == "secrets-key" ? "secrets-key: \"\"\n" : text)
            let error = #expect(throws: SettingsError.self) { try AdminSettings(file: try file.settings()) }
            #expect(error?.message.hasSuffix(": the path is empty") == true)
            #expect(error?.message.hasPrefix("admin.yaml:\(name == "tls-key" ? 2 : 1):") == true)
        }
        let error = #expect(throws: YAMLErrors.self) {
            try AdminSettings(file: try SettingsFile(path: "admin.yaml", text: "listn: 127.0.0.1:1\n").settings())
        }
        #expect(error?.description == "admin.yaml:1:1: unknown key \"listn\"; did you mean \"listen\"?")
    }

    @Test("all values that cannot be used are told together; one that another overrides is not looked at")
    func allFaults() throws {
        let file = SettingsFile(
            path: "admin.yaml", text: "listen: 8080\nlog-level: loud\nmax-gateways: 0\ntls-key: /k\n")
        let error = #expect(throws: SettingsError.self) {
            try AdminSettings(
                file: try file.settings(), environment: ["PORTCULLIS_ADMIN_KEEP_EVENTS": "1e3"],
                flags: [.listen: "127.0.0.1:1"])
        }
        #expect(
            error?.message == """
                admin.yaml:2:12: "loud" is not one of trace, debug, info, notice, warning, error, critical
                admin.yaml:3:15: "0" is not a number from 1 to 1000000
                PORTCULLIS_ADMIN_KEEP_EVENTS: "1e3" is not a number from 1000 to 1000000000
                admin.yaml:4:10: tls-key is useless without tls-certificate
                """)
    }

    @Test("versions are beside the database unless a directory is named")
    func versions() throws {
        #expect(try AdminSettings().versions.directory == "/var/lib/portcullis-admin/versions")
        #expect(try AdminSettings(flags: [.database: "registry.sqlite"]).versions.directory == "versions")
        let settings = try AdminSettings(flags: [
            .versionsDirectory: "/srv/versions", .keepContents: "0", .versionsReserve: "1000",
        ])
        #expect(
            settings.versions == VersionKeeping(directory: "/srv/versions", unneeded: 0, reserve: 1_000))
        #expect(settings.needingRestart(from: try AdminSettings()) == ["versions-directory"])
        for key in [AdminSettings.Key.versionsDirectory, .keepContents, .versionsReserve] {
            #expect(throws: SettingsError.self) {
                try AdminSettings(flags: [key: key == .versionsDirectory ? "" : "-1"])
            }
        }
    }

    @Test("tests from outside are run unless a setting says otherwise")
    func outsideTests() throws {
        #expect(try AdminSettings().hasOutsideTests)
        #expect(try AdminSettings(flags: [.outsideTests: "true"]).hasOutsideTests)
        let settings = try AdminSettings(environment: ["PORTCULLIS_ADMIN_OUTSIDE_TESTS": "false"])
        #expect(!settings.hasOutsideTests)
        #expect(settings.needingRestart(from: try AdminSettings()) == ["outside-tests"])
        for text in ["no", "1", "True", ""] {
            let error = #expect(throws: SettingsError.self) { try AdminSettings(flags: [.outsideTests: text]) }
            #expect(error?.message.hasPrefix("--outside-tests: \"\(text)\" is not true or false") == true)
        }
    }

    @Test("without a token only loopback addresses are listened on")
    func listening() throws {
        for (listen, isRefused) in [("127.0.0.1:1", false), ("[::1]:1", false), ("0.0.0.0:1", true), ("host:1", true)] {
            let settings = try AdminSettings(flags: [.listen: listen])
            try settings.checkListening(hasTokens: true)
            guard isRefused else {
                try settings.checkListening(hasTokens: false)
                continue
            }
            let error = #expect(throws: SettingsError.self) { try settings.checkListening(hasTokens: false) }
            #expect(error?.message.hasPrefix("\(listen) is no loopback address") == true)
        }
    }

    @Test("limits have defaults and bounds, and what a reload cannot change is named")
    func limits() throws {
        let defaults = try AdminSettings()
        #expect(defaults.database == "/var/lib/portcullis-admin/registry.sqlite")
        #expect(defaults.connections == ConnectionLimits(maximum: .max) && defaults.maxGateways == 20_000)
        #expect(defaults.pruneShare == 50)
        #expect(defaults.retention == Retention(events: 1_000_000, revisions: 100_000))
        let set = try AdminSettings(flags: [
            .maxConnections: "500", .maxGateways: "1", .keepEvents: "1000", .keepRevisions: "10",
            .keepRevisionBytes: "1048576", .crashRetention: "1", .pruneShare: "0", .headTimeout: "1",
            .idleTimeout: "600",
            .transferTimeout: "3600", .logLevel: "debug",
        ])
        #expect(set.maxGateways == 1 && set.pruneShare == 0)
        #expect(set.retention == Retention(events: 1000, revisions: 10, revisionBytes: 1 << 20, crashDays: 1))
        #expect(
            set.connections
                == ConnectionLimits(
                    firstHead: .seconds(1), idle: .seconds(600), transfer: .seconds(3_600), maximum: 500))
        #expect(
            set.needingRestart(from: defaults) == [
                "max-connections", "max-gateways", "prune-share", "head-timeout", "idle-timeout", "transfer-timeout",
            ])
        for (key, text) in [
            (AdminSettings.Key.maxConnections, "15"), (.maxConnections, "1000001"), (.maxGateways, "0"),
            (.maxGateways, "+5"),
            (.keepEvents, "999"), (.keepEvents, "99999999999999999999"), (.keepRevisions, "9"), (.keepRevisions, ""),
            (.keepRevisionBytes, "1000"), (.crashRetention, "0"), (.pruneShare, "101"), (.headTimeout, "0"),
            (.idleTimeout, "3601"),
        ] {
            let error = #expect(throws: SettingsError.self) { try AdminSettings(flags: [key: text]) }
            #expect(error?.message.hasPrefix("--\(key.rawValue): \"\(text)\" is not a number from ") == true)
        }
    }

    @Test("addresses are read with brackets around IPv6, and loopback is known")
    func addresses() {
        #expect(ListenAddress("[::1]:80")?.isLoopback == true)
        #expect(ListenAddress("[::1]:80")?.description == "[::1]:80")
        #expect(ListenAddress("127.8.9.1:80")?.isLoopback == true)
        #expect(ListenAddress("localhost:80")?.isLoopback == true)
        #expect(ListenAddress("0.0.0.0:80")?.isLoopback == false)
        #expect(ListenAddress("admin.example.net:80")?.isLoopback == false)
        for text in ["", "80", ":80", "::1:80", "[127.0.0.1]:80", "a:b", "a:70000", "a b:1"] {
            #expect(ListenAddress(text) == nil, "\(text)")
        }
    }
}
