import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// The built command against a running ADMIN.
@Suite struct CommandTests {
    @Test("the fixtures' cloud is applied once; applied again it changes nothing")
    func applyTwice() async throws {
        try await RunningAdmin.with { admin in
            let plan = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", "--dry-run", admin: admin)
            #expect(plan.status == 2, "\(plan.errors)")
            #expect(plan.output.hasPrefix("registry: 50 added\n  +  location  hel "))
            #expect(plan.output.hasSuffix("dry run: nothing was changed\n"))
            #expect(try await CommandRun.portcullis("locations", admin: admin).output == "LOCATION  DESCRIPTION\n")

            let first = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", admin: admin)
            #expect(first.status == 0, "\(first.errors)")
            for flag in ["--prune", "--dry-run"] {
                let again = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", flag, admin: admin)
                #expect(again.status == 0)
                #expect(again.output == "no changes\n")
            }
            let export = try await CommandRun.portcullis("export", "hel", "-o", "table", admin: admin)
            #expect(export.output.split(separator: "\n").count == 9)
        }
    }

    @Test("a service that is named twice is changed once; where one of several is missing none is changed")
    func namedTwice() async throws {
        try await RunningAdmin.with { admin in
            _ = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", admin: admin)
            let twice = try await CommandRun.portcullis(
                "services", "drain", "tg.1", "tg.1", "--dry-run", admin: admin)
            #expect(twice.output.hasPrefix("registry: 1 changed\n"), "\(twice.output)")
            let dryRun = try await CommandRun.portcullis(
                "services", "drain", "tg.1", "nope.1", "--dry-run", admin: admin)
            #expect(dryRun.status == 1, "\(dryRun.errors)")
            let change = try await CommandRun.portcullis("services", "drain", "tg.1", "nope.1", admin: admin)
            #expect(change.status == 1, "\(change.errors)")
            let after = try await CommandRun.portcullis("services", "--state", "drain", admin: admin)
            #expect(!after.output.contains("tg.1"), "\(after.output)")
        }
    }

    @Test("an empty name is wrong usage that names the argument")
    func emptyName() async throws {
        let lines = [
            (["types", "show", ""], "<type>"), (["types", "history", ""], "<type>"), (["types", "diff", ""], "<type>"),
            (["types", "revert", ""], "<type>"), (["export", ""], "<location>"), (["secrets", "set", ""], "<name>"),
            (["secrets", "remove", ""], "<name>"), (["tokens", "remove", ""], "<name>"),
            (["services", "show", ""], "<service>"), (["services", "move", "tg.1", ""], "<server>"),
            (["config", "show", ""], "<service>"), (["gateways", "forget", ""], "<gateway>"),
            (["gateways", "forget", "gw1", "--location", ""], "--location"),
            (["pools", ""], "<location>"), (["pools", "set", "", "p", "198.51.100.1"], "<location>"),
            (["egress", "set", "tcn", "out", "--pool", "", "--from", "10.0.0.0/8"], "--pool"),
            (["egress", "remove", "tcn", ""], "<egress>"), (["pools", "remove", "tcn", ""], "<pool>"),
            (["locations", "add", ""], "<location>"),
            (["locations", "remove", ""], "<location>"), (["servers", "set", "", "--kind", "db"], "<server>"),
            (["servers", "remove", "app1", ""], "<server>"), (["types", "remove", ""], "<type>"),
            (["services", "add", "tg", "--location", ""], "--location"), (["services", "scale", "", "1"], "<type>"),
        ]
        for (line, argument) in lines {
            let run = try await CommandRun.run("portcullis", line)
            #expect(run.status == 64, "\(line): \(run)")
            #expect(
                run.errors.contains(argument) && run.errors.contains("a name is not empty"), "\(line): \(run.errors)")
        }
    }

    @Test("a service is drained, weighted, moved, added and removed, and the export follows")
    func services() async throws {
        try await RunningAdmin.with { admin in
            func run(_ arguments: String...) async throws -> CommandRun {
                switch arguments.count {
                case 2: try await .portcullis("services", arguments[0], arguments[1], admin: admin)
                default: try await .portcullis("services", arguments[0], arguments[1], arguments[2], admin: admin)
                }
            }
            _ = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", admin: admin)
            let drain = try await run("drain", "pgw.4", "pgw.5")
            #expect(
                drain.output == """
                    registry: 2 changed
                      ~  service  pgw.4  ready on hel-app1, the section's weight → drain on hel-app1, the section's weight
                      ~  service  pgw.5  ready on hel-app2, the section's weight → drain on hel-app2, the section's weight

                    export of hel: 4 rows changed
                      ~  pgw.4  http  [2001:db8:0:2::36]:443/tcp  [fd00:2::11]:8443  weight 100 → 0
                      ~  pgw.4  http  [2001:db8:0:2::36]:80/tcp   [fd00:2::11]:8080  weight 100 → 0
                      ~  pgw.5  http  [2001:db8:0:2::36]:443/tcp  [fd00:2::12]:8443  weight 100 → 0
                      ~  pgw.5  http  [2001:db8:0:2::36]:80/tcp   [fd00:2::12]:8080  weight 100 → 0

                    """)
            #expect(try await run("weight", "pgw.1", "7").output.contains("weight 100 → 7"))
            #expect(try await run("weight", "pgw.1", "section").output.contains("weight 7 → 100"))
            #expect(try await run("move", "pgw.1", "app4").output.contains("10.1.0.14:8080"))
            #expect(try await run("add", "pgw", "app1").output.contains("+  service  pgw.6"))
            #expect(try await run("remove", "pgw.6").output.contains("-  service  pgw.6"))
            #expect(try await run("maint", "tg.1").output.contains("export of tcn: 4 rows removed"))

            let taken = try await run("add", "pgw.1", "app1")
            #expect(taken.status == 1)
            #expect(
                taken.errors == "Error: pgw.1 exists already\n`portcullis services move pgw.1 app1` moves it.\n")
            let partly = try await run("ready", "tg.1", "tg.99")
            #expect(
                partly.errors
                    == "Error: The request has a fault.\n  services.1: there is no service \"tg.99\"\n")
        }
    }

    @Test("a gateway that holds an export back is seen at a glance, in the table and in JSON")
    func heldBack() async throws {
        try await RunningAdmin.with { admin in
            _ = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", admin: admin)
            var poll = HTTPClientRequest(url: admin.url + "/v1/locations/tcn/services.csv")
            poll.headers = [
                "Portcullis-Gateway": "gw1", "Portcullis-Applied": "\"a\"", "Portcullis-Held": "\"b\"",
                "Portcullis-Held-Reason": "12 of 20 virtual services would go", "Portcullis-Failures": "2",
            ]
            #expect(try await HTTPClient.shared.execute(poll, timeout: .seconds(60)).status == .ok)
            let table = try await CommandRun.portcullis("gateways", admin: admin)
            #expect(table.output.contains("gw1      tcn             HELD BACK  a        "))
            #expect(table.output.contains("\n\ngw1 of tcn holds back b since "))
            let json = try await CommandRun.portcullis("gateways", "-o", "json", admin: admin)
            #expect(json.output.contains("\"decision\" : \"pending\""))
            #expect(json.output.contains("\"failures\" : 2"))
            let wait = try await CommandRun.portcullis("gateways", "--wait", "0", admin: admin)
            #expect(wait.status == 1)
            #expect(wait.errors.contains("What a gateway holds back waits for its operator"))
        }
    }

    @Test("what ADMIN finds wrong in a type's file is told with the operator's path")
    func faultyType() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
        try Data("type: pgw\ngateway:\n  - nmae: http\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await RunningAdmin.with { admin in
            let put = try await CommandRun.portcullis("types", "put", file.path, admin: admin)
            #expect(put.status == 1)
            #expect(put.errors.contains("\(file.path):3:5: unknown key \"nmae\"; did you mean \"name\"?"))
        }
    }

    @Test("a contradiction is told where the cloud file has it")
    func contradiction() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
        try Data("services:\n  tg.1: app2\n  pgw.1:\n    server: app2\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await RunningAdmin.with { admin in
            _ = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", admin: admin)
            let apply = try await CommandRun.portcullis("apply", "-f", file.path, admin: admin)
            #expect(apply.status == 1)
            #expect(apply.errors.contains("\(file.path):4:13: the services pgw.1 and pgw.2 are both on server app2"))
        }
    }

    @Test("a mark is listed, and released when its section is gone; a gateway is forgotten")
    func leftovers() async throws {
        let nothing = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
        try Data("services: {}\n".utf8).write(to: nothing)
        defer { try? FileManager.default.removeItem(at: nothing) }
        try await RunningAdmin.with { admin in
            _ = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", admin: admin)
            let marks = try await CommandRun.portcullis("marks", admin: admin).output
            #expect(
                marks.contains(" 256  tg    devices            ") && marks.contains(" 257  tg    devices  udp       "))
            let used = try await CommandRun.portcullis("marks", "release", "256", admin: admin)
            #expect(used.status == 1)
            #expect(
                used.errors.hasPrefix("Error: Firewall mark 256 still has section tg/devices.") == true,
                "\(used.errors)")
            #expect(try await CommandRun.portcullis("marks", "release", admin: admin).output == "no changes\n")
            _ = try await CommandRun.portcullis(
                "apply", "-f", nothing.path, "--prune", "--yes-delete", "50", admin: admin)
            let released = try await CommandRun.portcullis("marks", "release", admin: admin)
            #expect(
                released.output
                    == "registry: 2 removed\n  -  mark  256  tg/devices\n  -  mark  257  tg/devices udp\n")

            _ = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", admin: admin)
            var poll = HTTPClientRequest(url: admin.url + "/v1/locations/tcn/services.csv")
            poll.headers = ["Portcullis-Gateway": "gw1"]
            #expect(try await HTTPClient.shared.execute(poll, timeout: .seconds(60)).status == .ok)
            let forgotten = try await CommandRun.portcullis("gateways", "forget", "gw1", admin: admin)
            #expect(forgotten.output == "registry: 1 removed\n  -  gateway  tcn/gw1\n")
            let unknown = try await CommandRun.portcullis("gateways", "forget", "gw1", admin: admin)
            #expect(unknown.errors == "Error: ADMIN knows no gateway gw1\n" && unknown.status == 1)
        }
    }

    @Test("events are the newest ones")
    func events() async throws {
        try await RunningAdmin.with { admin in
            _ = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", admin: admin)
            _ = try await CommandRun.portcullis("services", "maint", "tg.1", admin: admin)
            let events = try await CommandRun.portcullis("events", "--limit", "2", admin: admin)
            let lines = events.output.split(separator: "\n")
            #expect(lines.count == 3 && lines[1].hasPrefix("50 ") && lines[2].hasPrefix("51 "), "\(events.output)")
        }
    }

    @Test("a reader that goes away is no error to tell of")
    func closedPipe() async throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        let portcullis = CommandRun.program("portcullis").path
        // The reader is gone before the first byte.
        process.arguments = ["-c", "{ sleep 1; '\(portcullis)' --help; '\(portcullis)' services list; } | true"]
        let errors = Pipe()
        process.standardError = errors
        try await RunningAdmin.with { admin in
            process.environment = ["PORTCULLIS_ADMIN_URL": admin.url]
            try CommandRun.start(process)
            let text = try await onOwnThread { try errors.fileHandleForReading.readToEnd() }
            #expect(String(decoding: text ?? Data(), as: UTF8.self) == "")
        }
        await onOwnThread { process.waitUntilExit() }
    }

    @Test("each program tells its version", arguments: ["portcullis", "portcullis-admin", "portcullis-gateway"])
    func version(program: String) async throws {
        let version = try await CommandRun.run(program, ["--version"])
        #expect(version.status == 0 && version.output.firstMatch(of: /^[0-9]+\.[0-9]+\.[0-9]+\n$/) != nil)
    }

    @Test("what a command finds wrong with its arguments while it runs is shown with its own usage")
    func ownUsage() async throws {
        try await RunningAdmin.with { admin in
            _ = try await CommandRun.portcullis("locations", "add", "ams", admin: admin)
            _ = try await CommandRun.portcullis("locations", "add", "fra", admin: admin)
            let export = try await CommandRun.portcullis("export", admin: admin)
            #expect(export.status == 64 && export.output.isEmpty)
            #expect(
                export.errors.hasPrefix("Error: name a location: ams, fra\nUsage: portcullis export [<location>] "),
                "\(export.errors)")
            #expect(export.errors.hasSuffix("\n  See 'portcullis export --help' for more information.\n"))
        }
        for (program, line, usage) in [
            (
                "portcullis-admin", ["token", "add", "x", "--role", "read", "--expires", "soon"],
                "portcullis-admin token add"
            ),
            ("portcullis", ["services", "drain", "tg"], "portcullis services drain"),
            ("portcullis", ["export", "ams", "fra"], "portcullis export"),
            ("portcullis", ["services", "show"], "portcullis services show"),
            ("portcullis-gateway", ["sync", "--empty-kernel"], "portcullis-gateway sync"),
        ] {
            let run = try await CommandRun.run(program, line)
            #expect(run.status == 64, "\(line)")
            #expect(run.errors.contains("\nUsage: \(usage) "), "\(run.errors)")
        }
    }

    @Test("wrong usage ends with 64, an ADMIN that is not there with 1")
    func exitCodes() async throws {
        #expect(try await CommandRun.portcullis("services", "drain", "tg").status == 64)
        #expect(try await CommandRun.portcullis("no-such-command").status == 64)
        let unreachable = try await CommandRun.portcullis("servers", "--admin-url", "http://127.0.0.1:1")
        #expect(unreachable.status == 1)
        #expect(
            unreachable.errors.hasPrefix(
                "Error: ADMIN cannot be reached at http://127.0.0.1:1: connection refused\n"))
    }
}
