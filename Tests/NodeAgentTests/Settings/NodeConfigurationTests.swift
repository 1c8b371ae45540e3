import NodeAgent
import ServiceSupport
import Testing
import Text
import Versions
import YAML

@Suite struct NodeConfigurationTests {
    private func load(_ text: String, _ environment: [String: String] = [:]) throws -> NodeConfiguration {
        try NodeConfiguration.load(
            file: SettingsFile(path: "node.yaml", text: text), environment: environment, flags: [], hostName: "App1")
    }

    @Test func layersAndListsAreRead() throws {
        let configuration = try load(
            """
            interval: 5
            root: /srv/x/
            users: agent
            unsigned: false
            driver: process
            allow-users: [postgres]
            log-target: tls://logs.example:6514
            log-target-except: [logger]
            drives: {d1: /mnt/d1}
            trusted-keys:
              - key: ed25519:CrNkwV+4+nt3Fs6ARerTRGajshOxncD2D3gxbq4Bs84=
                name: "release team"
                not-after: 2027-11-29T00:00:00Z
                types: [pgw]
            """, ["PORTCULLIS_NODE_INTERVAL": "7"])
        #expect(configuration.server == "app1" && configuration.interval == 7 && configuration.root == "/srv/x")
        #expect(configuration.driver == .process)
        #expect(configuration.users == nil && configuration.allowedUsers == ["postgres"])
        #expect(configuration.logTarget?.description == "tls://logs.example:6514")
        #expect(configuration.unsentTypes == ["logger"])
        #expect(configuration.drives == ["d1": "/mnt/d1"])
        #expect(configuration.trustedKeys.keys.first?.name == "release team")
        #expect(configuration.trustedKeys.keys.first?.types == ["pgw"])
    }

    @Test(arguments: [
        ("trusted-keys: [{key: ed25519:AAAA}]", "node.yaml:1:22: this is no public key"),
        ("trusted-keys: [{name: x}]", "the key \"key\" is missing"),
        ("trusted-keys: abc", "a list of keys"), ("allow-users: [Root]", "is no name of a user"),
        ("drives: {d1: mnt}", "is no absolute path"), ("root: srv", "is no absolute path"),
        ("users: 0-10", "is neither a range of user numbers"), ("interval: 0", "is not a whole number from 1 to 3600"),
        ("color: blue", "color"), ("unsigned: perhaps", "is neither true nor false"),
        ("builds: [pgw]", "a mapping of types to how they are built"), ("builds: {PGW: {}}", "is no name of a type"),
        ("builds: {pgw: {source: /s}}", "\"command\" is missing"),
        ("builds: {pgw: {command: [make]}}", "the key \"source\" is missing"),
        ("builds: {pgw: {source: s, command: [make]}}", "is no absolute path"),
        ("builds: {pgw: {source: /s, command: [make], user: root}}", "unless allow-users has root"),
        ("builds: {pgw: {source: /s, command: [make], directory: ../x}}", "../x"),
        ("builds: {pgw: {source: /s, command: [make], shell: bash}}", "shell"),
        ("builds: {pgw: {source: /s, command: [make], timeout: 2d}}", "a time"),
        ("log-target: logs:514", "\"logs:514\" is neither tcp://HOST:PORT nor tls://HOST:PORT"),
        ("log-target-except: logger", "a list of types"), ("log-target-except: [Logger]", "is no name of a type"),
        ("driver: docker", "\"docker\" is none of auto, systemd, process"),
    ]) func faultsHaveTheirPlace(text: String, fault: String) {
        #expect {
            _ = try load(text)
        } throws: { error in
            "\(error)".contains(fault) && "\(error)".contains("node.yaml:1:")
        }
    }
}
