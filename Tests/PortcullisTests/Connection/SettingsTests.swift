import AdminClient
import ArgumentParser
import ServiceSupport
import Testing
import Text
import YAML

@testable import portcullis

@Suite struct SettingsTests {
    private func resolve(
        _ flags: [String] = [], environment: [String: String] = [:], files: [String: String] = [:]
    ) throws -> Settings {
        try Settings.resolve(
            try ConnectionOptions.parse(flags),
            SettingsSources(
                environment: environment,
                read: { path in
                    guard let text = files[path] else { throw CommandError("\(path): no such file") }
                    return text
                },
                exists: { files[$0] != nil }))
    }

    @Test("without any setting ADMIN is on this machine and no token is sent")
    func defaults() throws {
        let settings = try resolve()
        #expect(settings.adminURL.description == "http://127.0.0.1:8080")
        #expect(settings.token == nil)
        #expect(settings.timeout == 60)
    }

    @Test("a flag beats the environment, which beats the configuration file")
    func precedence() throws {
        let environment = [
            "HOME": "/home/op", "PORTCULLIS_ADMIN_URL": "https://environment", "PORTCULLIS_TOKEN_FILE": "/e",
        ]
        let files = [
            "/home/op/.config/portcullis/config.yaml": "admin-url: https://file\ntoken-file: /f\nca-file: /ca.pem\n",
            "/e": "from-environment\n", "/f": "from-file", "/flag": "from-flag",
        ]
        let flags = ["--admin-url", "https://flag/", "--token-file", "/flag"]
        let all = try resolve(flags, environment: environment, files: files)
        #expect(all.adminURL.description == "https://flag")
        #expect(all.token == "from-flag")
        #expect(all.caFile == nil)
        #expect(try resolve(environment: environment, files: files).token == "from-environment")
        let fileOnly = try resolve(environment: ["HOME": "/home/op"], files: files)
        #expect(fileOnly.adminURL.description == "https://file")
        #expect(fileOnly.token == "from-file")
    }

    @Test("the token and the certificates of the file go to the address of the file only, and a note says so")
    func addressOfFile() throws {
        let path = "/home/op/.config/portcullis/config.yaml"
        let text = "admin-url: http://10.0.0.1, http://10.0.0.2\ntoken-file: /f\nca-file: /ca.pem\n"
        func reach(_ flags: [String], _ variable: String? = nil, _ text: String = text) throws -> Settings {
            var environment = ["HOME": "/home/op"]
            environment["PORTCULLIS_ADMIN_URL"] = variable
            return try resolve(flags, environment: environment, files: [path: text, "/f": "of-file", "/x": "x"])
        }
        for settings in [try reach(["--admin-url", "http://b"]), try reach([], "http://b")] {
            #expect(settings.token == nil && settings.caFile == nil)
            #expect(
                settings.warnings == [
                    "Note: \(path):2:13: token-file is not used: it is for another address than http://b.",
                    "Note: \(path):3:10: ca-file is not used: it is for another address than http://b.",
                ])
        }
        // Partly another one is another one; a part of them is not.
        #expect(try reach([], "http://10.0.0.1 http://b").token == nil)
        for same in ["http://10.0.0.1", "http://10.0.0.2/ http://10.0.0.1"] {
            let settings = try reach([], same)
            #expect(settings.token == "of-file" && settings.caFile == "/ca.pem" && settings.withheld.isEmpty)
        }
        let own = try reach(["--admin-url", "http://b", "--token-file", "/x", "--ca-file", "/y"])
        #expect(own.token == "x" && own.caFile == "/y" && own.withheld.isEmpty)
        // A file without an address is for the default one.
        #expect(try reach([], "http://b", "token-file: /f\n").token == nil)
        #expect(try reach([], Settings.defaultURL, "token-file: /f\n").token == "of-file")
    }

    @Test("only the token of a file can be read again")
    func renewableToken() throws {
        #expect(try resolve(environment: ["PORTCULLIS_TOKEN": "abc"]).tokenFile == nil)
        #expect(try resolve(["--token-file", "/t"], files: ["/t": "xyz"]).tokenFile == "/t")
    }

    @Test("a token of the environment is taken as it is, unless a flag names a file")
    func tokenOfEnvironment() throws {
        let environment = ["PORTCULLIS_TOKEN": "abc"]
        #expect(try resolve(environment: environment).token == "abc")
        #expect(try resolve(["--token-file", "/t"], environment: environment, files: ["/t": "xyz\n"]).token == "xyz")
    }

    @Test(
        "a token that cannot stand in a header is refused by its source",
        arguments: [
            ("", "/t: the token is empty"),
            ("a b", "/t: this is no bearer token (letters, digits and -._~+/ only, and = at its end)"),
        ])
    func badToken(text: String, message: String) {
        let error = #expect(throws: CommandError.self) { try resolve(["--token-file", "/t"], files: ["/t": text]) }
        #expect(error?.message == message)
    }

    @Test("a file that cannot be read, and an empty path, are named with where the path was given")
    func badPaths() {
        func message(_ flags: [String], _ environment: [String: String] = [:]) -> String? {
            do {
                _ = try resolve(flags, environment: environment)
                return nil
            } catch {
                return (error as? CommandError)?.message
            }
        }
        #expect(message(["--token-file", ""]) == "--token-file: the path is empty")
        #expect(message(["--ca-file", ""]) == "--ca-file: the path is empty")
        #expect(
            message([], ["PORTCULLIS_TOKEN_FILE": "/t"]) == "PORTCULLIS_TOKEN_FILE: token-file /t: no such file")
    }

    @Test("a mistake in the configuration file is told with its place")
    func badConfigurationFile() {
        let path = "/x/portcullis/config.yaml"
        let error = #expect(throws: YAMLErrors.self) {
            try resolve(environment: ["XDG_CONFIG_HOME": "/x"], files: [path: "admin-ulr: https://a\n"])
        }
        #expect(error?.description == "\(path):1:1: unknown key \"admin-ulr\"; did you mean \"admin-url\"?")
    }

    @Test("a token sent in the clear to another machine is warned of")
    func clearText() throws {
        let environment = ["PORTCULLIS_TOKEN": "abc"]
        #expect(try resolve(environment: environment).warnings.isEmpty)
        #expect(try resolve(["--admin-url", "http://[::1]:8080"], environment: environment).warnings.isEmpty)
        #expect(try resolve(["--admin-url", "https://10.0.0.1"], environment: environment).warnings.isEmpty)
        #expect(
            try resolve(["--admin-url", "http://10.0.0.1"], environment: environment).warnings
                == ["Warning: the token goes to http://10.0.0.1 unencrypted; use an https address."])
    }

    @Test("several addresses are taken; of each that would get the token in the clear is warned")
    func severalAddresses() throws {
        let settings = try resolve(
            ["--admin-url", "http://10.0.0.1, https://10.0.0.2 http://10.0.0.3:81"],
            environment: ["PORTCULLIS_TOKEN": "abc"])
        #expect(settings.adminURL.description == "http://10.0.0.1, https://10.0.0.2, http://10.0.0.3:81")
        #expect(
            settings.warnings
                == ["http://10.0.0.1", "http://10.0.0.3:81"].map {
                    "Warning: the token goes to \($0) unencrypted; use an https address."
                })
    }

    @Test("an address that is none of ADMIN's is refused, with the reason and an example")
    func badAddress() {
        let error = #expect(throws: CommandError.self) { try resolve(["--admin-url", "admin:8080"]) }
        #expect(
            error?.message
                == "--admin-url: \"admin:8080\" is not an address of ADMIN: "
                + "it begins with neither http:// nor https://")
        #expect(error?.hint == "Name it like http://127.0.0.1:8080 or https://admin.example:8443.")
    }

    @Test(
        "a variable that is set and empty is a mistake, and named",
        arguments: ["PORTCULLIS_ADMIN_URL", "PORTCULLIS_TOKEN", "PORTCULLIS_TOKEN_FILE", "PORTCULLIS_CA_FILE"])
    func emptyVariables(name: String) {
        #expect(throws: SettingsError("the variable \(name) is empty: give it a value, or unset it")) {
            try resolve(environment: [name: ""])
        }
    }

    @Test("a wrong address of the configuration file is named with its place")
    func badAddressInFile() {
        let path = "/x/portcullis/config.yaml"
        let error = #expect(throws: CommandError.self) {
            try resolve(environment: ["XDG_CONFIG_HOME": "/x"], files: [path: "admin-url: admin\n"])
        }
        #expect(error?.message.hasPrefix("\(path):1:12: \"admin\" is not an address of ADMIN: ") == true)
    }

    @Test("user and password in an address are not repeated")
    func userInformation() {
        let error = #expect(throws: CommandError.self) { try resolve(["--admin-url", "http://user:secret@admin"]) }
        #expect(
            error?.message
                == "--admin-url: \"http://***@admin\" is not an address of ADMIN: "
                + "it names a user; give a token instead")
    }
}
