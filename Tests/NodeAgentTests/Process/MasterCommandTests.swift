import AdminClient
import Cloud
import NetworkTypes
import NodeAgent
import Testing
import Versions

@Suite struct MasterCommandTests {
    private func words(_ run: RunSection, _ sockets: [ListeningSocket] = []) -> [String] {
        var command = MasterCommand(
            of: "pgw.1", directory: "/srv/node/run/pgw.1/master", run: run, sockets: sockets,
            configuration: "/srv/pgw.1/config.yaml", crashes: "/srv/node/run/crash",
            log: "/srv/node/log/pgw.1/log", logSize: 4 << 20, logFiles: 2)
        command.limits = [("open-files", 100, 200)]
        return command.words("/usr/bin/portcullis-master", program: run.command)
    }

    private func value(_ name: String, _ words: [String]) -> [String] {
        words.indices.filter { words[$0] == name }.map { words[$0 + 1] }
    }

    @Test func aProgramIsRunOnce() {
        let words = words(RunSection(command: ["/a/b", "--c"]))
        #expect(words.first == "/usr/bin/portcullis-master" && words.suffix(3) == ["--", "/a/b", "--c"])
        #expect(value("--name", words) == ["pgw.1"] && value("--workers", words) == ["0"])
        #expect(value("--directory", words) == ["/srv/node/run/pgw.1/master"])
        #expect(value("--ready", words) == ["time:1000"] && value("--start-timeout", words) == ["60000"])
        #expect(value("--stop-signal", words) == ["15"] && value("--stop-timeout", words) == ["30000"])
        #expect(value("--config", words) == ["/srv/pgw.1/config.yaml"])
        #expect(value("--node", words) == ["/srv/node/run/crash"])
        #expect(value("--log", words) == ["/srv/node/log/pgw.1/log"])
        #expect(value("--log-size", words) == ["4194304"] && value("--log-files", words) == ["2"])
        #expect(value("--limit", words) == ["open-files=100:200"])
        for name in ["--reload", "--listen", "--inherit", "--watchdog", "--admin-url", "--allow-lua"] {
            #expect(!words.contains(name))
        }
    }

    @Test func theMasterIsToldWhereAdminIs() throws {
        var command = MasterCommand(
            of: "pgw.1", directory: "/d", run: RunSection(command: ["/a"]), sockets: [],
            configuration: "/d/config.yaml", crashes: "/srv/node/run/crash",
            log: "/srv/node/log/pgw.1/log", logSize: 4 << 20, logFiles: 2)
        command.link = MasterCommand.Link(
            addresses: try AdminURLs("https://a:8443, https://b:8443"), tokenFile: "/srv/pgw.1/token",
            caFile: "/etc/ca.pem", server: "app1", allowsLua: false, manifest: digest(1))
        let words = command.words("/m", program: ["/a"])
        #expect(value("--admin-url", words) == ["https://a:8443,https://b:8443"])
        #expect(value("--token-file", words) == ["/srv/pgw.1/token"] && value("--ca-file", words) == ["/etc/ca.pem"])
        #expect(value("--manifest", words) == ["\(digest(1))"])
        #expect(value("--server", words) == ["app1"] && !words.contains("--allow-lua"))
        command.link?.allowsLua = true
        command.link?.caFile = nil
        let others = command.words("/m", program: ["/a"])
        #expect(others.contains("--allow-lua") && !others.contains("--ca-file") && others.suffix(2) == ["--", "/a"])
    }

    @Test func workersHaveTheirSockets() throws {
        var run = RunSection(command: ["/a"])
        run.workers = 4
        run.reload = .signal(.hup)
        run.watchdog = 30
        run.inheritance = .nginx
        run.stopSignal = .quit
        run.ready = .port(80)
        let words = words(
            run,
            [
                .init(name: "http", transport: .tcp, ports: try #require(PortRange(80))),
                .init(
                    name: "v6", transport: .udp, ports: try #require(PortRange(5000, 5010)),
                    address: IPAddress("2001:db8::1")),
                .init(
                    name: "v4", transport: .tcp, ports: try #require(PortRange(81)), address: IPAddress("10.0.0.1")),
            ])
        #expect(value("--workers", words) == ["4"] && value("--reload", words) == ["HUP"])
        #expect(
            value("--listen", words) == ["http=tcp:80", "v6=udp:[2001:db8::1]:5000-5010", "v4=tcp:10.0.0.1:81"])
        #expect(value("--inherit", words) == ["nginx"] && value("--watchdog", words) == ["30000"])
        #expect(value("--ready", words) == ["port:80"] && value("--stop-signal", words) == ["3"])
        run.reload = .nothing
        run.ready = .notify
        #expect(value("--reload", self.words(run)) == ["none"] && value("--ready", self.words(run)) == ["notify"])
    }
}
