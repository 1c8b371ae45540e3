import NetworkTypes
import Testing
import YAML

@testable import Cloud

@Suite("Building and running in a meta-configuration") struct ProgramKeyTests {
    private func type(_ text: String) throws -> MetaConfiguration {
        try MetaConfiguration.loadOne("type: t\n\(text)\n", file: "t.yaml")
    }

    private func error(_ text: String) -> String {
        #expect(throws: YAMLErrors.self) { try type(text) }?.description ?? ""
    }

    @Test("a build has a command, a directory and an environment, and variants what differs")
    func build() throws {
        let build = try #require(
            type(
                """
                build:
                  command: [make, -j2]
                  directory: out/release
                  environment: {B: 2, A: "1"}
                  variants:
                    debug: {command: [make, debug], environment: {A: asan}}
                    plain: {directory: .}
                """
            ).build)
        #expect(
            build.settings(for: "release")
                == .init(
                    command: ["make", "-j2"], directory: "out/release",
                    environment: [.init(name: "A", value: "1"), .init(name: "B", value: "2")]))
        #expect(
            build.settings(for: "debug")
                == .init(
                    command: ["make", "debug"], directory: "out/release",
                    environment: [.init(name: "A", value: "asan"), .init(name: "B", value: "2")]))
        #expect(build.settings(for: "plain")?.directory == ".")
        #expect(build.settings(for: "plain")?.command == ["make", "-j2"])
        #expect(build.settings(for: "other") == nil)
        #expect(try type("build: {directory: out}").build?.main == .init(directory: "out"))
    }

    @Test("how a service runs, and what is assumed")
    func run() throws {
        let run = try #require(type("run: {command: bin/t}").run)
        #expect(run.command == ["bin/t"] && run.stopSignal == .term && run.stopTimeout == 30)
        #expect(run.ready == .time(seconds: 1) && run.startTimeout == 60 && run.environment.isEmpty)
        let whole = try #require(
            type(
                """
                run:
                  command: [/usr/sbin/rsyslogd, -n, 5]
                  environment: {Z: "", A: x y}
                  stop-signal: INT
                  stop-timeout: 2m
                  start-timeout: 90
                  ready: {after: 1m}
                """
            ).run)
        #expect(whole.command == ["/usr/sbin/rsyslogd", "-n", "5"] && whole.stopSignal == .int)
        #expect(whole.environment.map(\.name) == ["A", "Z"] && whole.stopTimeout == 120 && whole.startTimeout == 90)
        #expect(whole.ready == .time(seconds: 60))
        #expect(try type("run: {command: a, ready: notify}").run?.ready == .notify)
        #expect(try type("run: {command: a, ready: {port: 80}}").run?.ready == .port(80))
    }

    @Test("sockets, limits, a user, actions")
    func rest() throws {
        let type = try type(
            """
            user: _t-1
            listen: [{name: http, port: 80}, {name: dns, port: 80, protocol: udp}]
            limits: {memory: 1536M, cpu: 150%, open-files: 65536, processes: 10}
            actions:
              - name: backup
                command: [bin/t, backup]
                arguments: [{name: kind, words: [full, fast], optional: true}]
                every: 1d
              - {name: go, command: [bin/t], arguments: [{name: n, number: [1, 9]}, {name: t, text: 3}], timeout: 1h}
            """)
        #expect(type.user == "_t-1")
        #expect(
            type.listen == [
                .init(name: "http", transport: .tcp, ports: PortRange(80)!),
                .init(name: "dns", transport: .udp, ports: PortRange(80)!),
            ])
        #expect(type.limits == .init(memory: 1_536 << 20, cpu: 150, openFiles: 65_536, processes: 10))
        #expect(type.actions.map(\.name) == ["backup", "go"])
        #expect(type.actions[0].every == 86_400 && type.actions[0].timeout == 300)
        #expect(type.actions[1].timeout == 3_600 && type.actions[1].every == nil)
        #expect(type.actions[1].arguments.map(\.kind) == [.number(1...9), .text(longest: 3)])
        #expect(try self.type("limits: {}").limits == .init())
    }

    @Test("workers, how they reload and inherit sockets, and what is assumed")
    func workers() throws {
        let few = try #require(type("run: {command: a}").run)
        #expect(few.workers == 0 && few.reload == nil && few.watchdog == nil && few.inheritance == .systemd)
        let type = try type(
            """
            run: {command: a, workers: 4, reload: {signal: HUP}, watchdog: 30s, inherit: nginx}
            listen:
              - {name: devices, ports: 5000-5010, protocol: udp, address: "::1"}
              - {name: other, port: 5005, protocol: udp, address: 127.0.0.1}
              - {name: third, port: 5005}
            """)
        let run = try #require(type.run)
        #expect(run.workers == 4 && run.reload == .signal(.hup) && run.watchdog == 30 && run.inheritance == .nginx)
        #expect(
            type.listen == [
                .init(
                    name: "devices", transport: .udp, ports: PortRange(5000, 5010)!, address: IPAddress("::1")),
                .init(name: "other", transport: .udp, ports: PortRange(5005)!, address: IPAddress("127.0.0.1")),
                .init(name: "third", transport: .tcp, ports: PortRange(5005)!),
            ])
        #expect(try self.type("run: {command: a, reload: none}").run?.reload == .nothing)
        #expect(try self.type("run: {command: a, reload: restart}").run?.reload == .restart)
        // 16 ports for each of 64 workers are as many as there may be.
        #expect(try self.type("run: {command: a, workers: 64}\nlisten: [{name: a, ports: 1-16}]").listen.count == 1)
    }

    @Test("arguments of an action are checked")
    func arguments() throws {
        let actions = try type(
            """
            actions:
              - {name: go, command: [bin/t, go], arguments: [{name: n, number: [1, 9]}, {name: t, text: 3, optional: true}]}
              - {name: w, command: bin/w, arguments: [{name: kind, words: [full, fast]}]}
            """
        ).actions
        #expect(try actions[0].words(with: ["7", "abc"]) == ["bin/t", "go", "7", "abc"])
        #expect(try actions[0].words(with: ["7"]) == ["bin/t", "go", "7"])
        let fault = { (index: Int, words: [String]) in
            #expect(throws: ActionArgumentError.self) { try actions[index].words(with: words) }?.description
        }
        #expect(fault(0, []) == "the action go takes n [t], and 0 are given")
        #expect(fault(0, ["1", "2", "3"]) == "the action go takes n [t], and 3 are given")
        for text in ["0", "10", "07", "+7", " 7", "7.0", "x", ""] {
            #expect(fault(0, [text])?.hasSuffix("is no whole number from 1 to 9") == true)
        }
        #expect(fault(0, ["1", "abcd"])?.hasSuffix("is longer than 3 bytes") == true)
        #expect(fault(0, ["1", "-f"])?.hasSuffix("starts with \"-\", as options do") == true)
        #expect(fault(0, ["1", "a\n"])?.hasSuffix("has a control character") == true)
        #expect(fault(1, ["slow"]) == "kind of the action w: \"slow\" is none of full, fast")
    }

    @Test(
        "what does not fit is refused with its place",
        arguments: [
            ("build: {command: \"\"}", "t.yaml:2:18: a program is not empty"),
            ("build: {directory: ../x}", "t.yaml:2:20: \"../x\" is no path inside the service's root"),
            (
                "build: {variants: {Release: {}}}",
                "t.yaml:2:20: \"Release\" is no name of a variant: it has 1 to 32 lower-case letters, digits and \"-\", and does not start with \"-\""
            ),
            (
                "build: {variants: {release: {}}}",
                "t.yaml:2:20: \"release\" is the main variant, whose settings stand beside \"variants\""
            ),
            ("build: {comand: make}", "t.yaml:2:9: unknown key \"comand\"; did you mean \"command\"?"),
            ("run: {}", "t.yaml:2:6: the key \"command\" is missing"),
            ("run: {command: []}", "t.yaml:2:16: expected a program with its arguments, found an empty list"),
            ("run: {command: ../a}", "t.yaml:2:16: \"../a\" is no path inside the service's root"),
            ("run: {command: //a}", "t.yaml:2:16: \"//a\" is no path inside the service's root"),
            (
                "run: {command: a, stop-signal: KILL}",
                "t.yaml:2:32: unknown signal \"KILL\" (TERM, INT, QUIT, HUP, USR1, USR2, WINCH)"
            ),
            (
                "run: {command: a, stop-timeout: 2h}",
                "t.yaml:2:33: \"2h\" is too long: expected a time from 1s to 1h"
            ),
            (
                "run: {command: a, environment: {PORTCULLIS_A: b}}",
                "t.yaml:2:33: \"PORTCULLIS_A\" starts with PORTCULLIS_, which Portcullis sets itself"
            ),
            (
                "run: {command: a, environment: {1A: b}}",
                "t.yaml:2:33: \"1A\" is no name of a variable: up to 128 letters, digits and \"_\", not starting with a digit"
            ),
            ("run: {command: a, environment: {A: \"b\\nc\"}}", "t.yaml:2:36: the value has a control character"),
            (
                "run: {command: a, ready: soon}",
                "t.yaml:2:26: expected notify, {port: 8080} or {after: 5s}, found \"soon\""
            ),
            (
                "run: {command: a, ready: {port: 1, after: 1}}",
                "t.yaml:2:26: \"ready\" has either \"port\" or \"after\""
            ),
            (
                "run: {command: a, ready: {after: 2m}}",
                "t.yaml:2:19: \"ready\" waits longer than \"start-timeout\" (60s)"
            ),
            ("listen: [{name: a, port: 1}, {name: a, port: 2}]", "t.yaml:2:30: a socket \"a\" is there already"),
            ("listen: [{name: a, port: 1}, {name: b, port: 1}]", "t.yaml:2:30: tcp port 1 is there already, of \"a\""),
            (
                "listen: [{name: a, ports: 5-9}, {name: b, port: 7, address: 127.0.0.1}]",
                "t.yaml:2:33: tcp port 7 is there already, of \"a\""
            ),
            ("listen: [{name: a}]", "t.yaml:2:10: the key \"port\" is missing"),
            ("listen: [{name: a, port: 1-2}]", "t.yaml:2:26: \"1-2\" is a range of ports, which stands in \"ports\""),
            ("listen: [{name: a, ports: 2-1}]", "t.yaml:2:27: expected a range of ports as 5000-5010, found \"2-1\""),
            ("listen: [{name: a, port: 1, ports: 2-3}]", "t.yaml:2:29: a socket has either \"port\" or \"ports\""),
            (
                "listen: [{name: a, port: 1, address: host}]",
                "t.yaml:2:38: expected an IPv4 or IPv6 address, found \"host\""
            ),
            (
                "run: {command: a, workers: 64}\nlisten: [{name: a, ports: 1-17}]",
                "t.yaml:3:9: 17 ports for each of 64 workers are 1088 sockets, and a service has at most 1024 sockets"
            ),
            ("listen: [{name: a, ports: 1-1025}]", "t.yaml:2:9: 1025 ports, and a service has at most 1024 sockets"),
            ("run: {command: a, workers: 65}", "t.yaml:2:28: expected a number of workers from 0 to 64, found 65"),
            (
                "run: {command: a, reload: kill}",
                "t.yaml:2:27: expected {signal: HUP}, restart or none, found \"kill\""
            ),
            (
                "run: {command: a, reload: {signal: KILL}}",
                "t.yaml:2:36: unknown signal \"KILL\" (TERM, INT, QUIT, HUP, USR1, USR2, WINCH)"
            ),
            (
                "run: {command: a, watchdog: 0}",
                "t.yaml:2:29: 0 is 0s, which is too short: expected a time from 1s to 1h"
            ),
            (
                "run: {command: a, inherit: inetd}",
                "t.yaml:2:28: unknown way to inherit sockets \"inetd\" (systemd, nginx)"
            ),
            ("listen: [{name: a, port: 1, protocol: sctp}]", "t.yaml:2:39: unknown protocol \"sctp\" (tcp, udp)"),
            ("limits: {memory: 1}", "t.yaml:2:18: expected an amount of memory from 1M to 16T, found 1"),
            ("limits: {memory: lots}", "t.yaml:2:18: expected an amount of memory as 512M or 2G, found \"lots\""),
            (
                "limits: {memory: 99999999999999T}",
                "t.yaml:2:18: expected an amount of memory from 1M to 16T, found \"99999999999999T\""
            ),
            ("limits: {cpu: 150}", "t.yaml:2:15: expected a share of a core in percent, as 150%, found 150"),
            (
                "user: Root",
                "t.yaml:2:7: \"Root\" is no name of a user: up to 32 lower-case letters, digits, \"_\" and \"-\", starting with a letter or \"_\""
            ),
            ("actions: [{name: a}]", "t.yaml:2:11: the key \"command\" is missing"),
            (
                "actions: [{name: a, command: b}, {name: a, command: b}]",
                "t.yaml:2:34: an action \"a\" is there already"
            ),
            (
                "actions: [{name: a, command: b, every: 1s}]",
                "t.yaml:2:40: \"1s\" is too short: expected a time from 1m to 31d"
            ),
            (
                "actions: [{name: a, command: b, every: 1h, arguments: [{name: c, text: 1}]}]",
                "t.yaml:2:11: the action is run at intervals, so its arguments must be optional"
            ),
            (
                "actions: [{name: a, command: b, arguments: [{name: c}]}]",
                "t.yaml:2:45: an argument has one of \"words\", \"number\" and \"text\""
            ),
            (
                "actions: [{name: a, command: b, arguments: [{name: c, number: [2, 1]}]}]",
                "t.yaml:2:67: expected a whole number from 2 to 9223372036854775807, found 1"
            ),
            ("install: {files: [\"a**\"]}", "t.yaml:2:19: \"a**\" has \"**\" beside other characters of a name"),
            ("install: {files: [\"**/**/**\"]}", "t.yaml:2:19: \"**/**/**\" has \"**\" more than twice"),
            ("install: {files: [\"../*\"]}", "t.yaml:2:19: \"../*\" is no path inside the service's root"),
            (
                "install: {mkdir: [versions]}",
                "t.yaml:2:19: \"versions\" is where a server keeps the versions of a service"
            ),
            (
                "tests: [{name: a, command: b, from: outside}]",
                "t.yaml:2:31: a command is run on the service's server: from: node"
            ),
            (
                "tests: [{name: a, command: b, from: moon}]",
                "t.yaml:2:37: unknown place to test from \"moon\" (node, outside)"
            ),
            (
                "fake: true\nrun: {command: a}",
                "t.yaml:3:1: a fake type has no services, so \"run\" has no meaning here"
            ),
        ])
    func refused(_ text: String, _ message: String) { #expect(error(text) == message) }
}

@Suite struct FilePatternTests {
    @Test(
        "what a pattern stands for",
        arguments: [
            ("a", "a", true), ("a", "b", false), ("a", "a/b/c", true), ("a/b", "a", false), ("*", "a", true),
            ("*", "a/b", true), ("*", ".a", false), ("*.c", "a.c", true), ("*.c", "a.h", false), ("*.c", ".c", false),
            ("a*b*c", "abc", true), ("a*b*c", "axxbyybzzc", true), ("a*b*c", "axxbyybzz", false), ("?", "ä", true),
            ("?", "ab", false), ("?a", ".a", false), ("**/x", "x", true), ("**/x", "a/b/x", true),
            ("**/x", ".git/x", false), ("a/**/x", "a/x", true), ("a/**/x", "a/b/c/x", true), ("a/**/x", "b/x", false),
            ("a/**", "a/b", true), ("a/**/b/**/c", "a/1/b/2/3/c", true), ("**", "a/b", true), ("a*", "A", false),
            ("e\u{301}", "\u{E9}", false),
        ])
    func matching(_ pattern: String, _ path: String, _ isMatching: Bool) {
        #expect(FilePattern(pattern).matches(path) == isMatching)
    }

    @Test("no pattern takes long")
    func long() {
        let pattern = FilePattern("**/" + String(repeating: "a*", count: 100) + "b/**/x")
        let name = String(repeating: "a", count: 250)
        #expect(!pattern.matches("\(name)/\(name)/\(name)/\(name)"))
    }
}
