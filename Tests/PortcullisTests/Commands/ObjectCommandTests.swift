import Foundation
import Testing

/// The commands that create, change and remove locations, pools, egress rules, servers and types.
@Suite struct ObjectCommandTests {
    @Test("a cloud is made, changed and taken away by commands alone, and each says what it did")
    func wholeLife() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
        try Data(
            "type: web\ngateway:\n  - {name: http, address: www-ip, ports: {80: 8080}, protocol: tcp}\n".utf8
        ).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await RunningAdmin.with { admin in
            func run(_ line: String, more: [String] = []) async throws -> CommandRun {
                try await CommandRun.run(
                    "portcullis", line.split(separator: " ").map(String.init) + more,
                    ["PORTCULLIS_ADMIN_URL": admin.url])
            }
            let steps = [
                ("locations add tcn --description Groningen", "registry: 1 added\n  +  location  tcn  Groningen\n"),
                ("locations set tcn --description TCN", "registry: 1 changed\n  ~  location  tcn  Groningen → TCN\n"),
                (
                    "pools set tcn www-ip 198.51.100.36 2001:db8::36",
                    "registry: 1 added\n  +  pool  tcn/www-ip  198.51.100.36 2001:db8::36\n"
                ),
                (
                    "pools set tcn www-ip 198.51.100.37",
                    "registry: 1 changed\n  ~  pool  tcn/www-ip  198.51.100.36 2001:db8::36 → 198.51.100.37\n"
                ),
                (
                    "egress set tcn out --pool www-ip --from 10.1.0.0/16 --from 10.2.0.0/16 --except 10.0.0.0/8",
                    "registry: 1 added\n  +  egress  tcn/out  from 10.1.0.0/16 10.2.0.0/16 by www-ip, except 10.0.0.0/8\n\n"
                        + "export of tcn: 1 row added\n"
                        + "  +  egress  out  198.51.100.37  10.1.0.0/16,10.2.0.0/16  snat except 10.0.0.0/8\n"
                ),
                (
                    "egress set tcn out --pool www-ip --from 10.1.0.0/16",
                    "registry: 1 changed\n  ~  egress  tcn/out  from 10.1.0.0/16 10.2.0.0/16 by www-ip, except 10.0.0.0/8 → "
                        + "from 10.1.0.0/16 by www-ip\n"
                ),
                (
                    "servers add app1 --location tcn --kind app --address 10.1.0.11 --address fd00:1::11 --label ssd",
                    "registry: 1 added\n  +  server  app1  app server at tcn, 10.1.0.11 fd00:1::11, labels ssd\n"
                ),
                ("types put \(file.path)", "registry: 1 added\n  +  type  web  3 lines, "),
                (
                    "services add web app1",
                    "registry: 1 added\n  +  service  web.1  ready on app1, the section's weight\n"
                ),
                (
                    "servers set app1 --address 10.1.0.41 --no-labels",
                    "registry: 1 changed\n  ~  server  app1  app server at tcn, 10.1.0.11 fd00:1::11, labels ssd → "
                        + "app server at tcn, 10.1.0.41\n"
                ),
            ]
            for (line, output) in steps {
                let words = try await run(line, more: ["--dry-run"])
                #expect(words.status == 2 && words.output.hasPrefix(output), "\(line): \(words)")
                let done = try await run(line)
                #expect(done.status == 0 && done.output.hasPrefix(output), "\(line): \(done)")
            }
            let refusals = [
                ("types remove web", "Type web still has service web.1."),
                ("servers remove app1", "Server app1 still has service web.1."),
                ("locations remove tcn", "Location tcn still has pool www-ip, egress rule out, server app1."),
                ("pools remove tcn www-ip", "web/http needs the address pool \"www-ip\""),
            ]
            for (line, error) in refusals {
                let refused = try await run(line)
                #expect(refused.status == 1 && refused.errors.contains(error), "\(line): \(refused)")
            }
            for line in [
                "services remove web.1", "types remove web", "servers remove app1", "egress remove tcn out",
                "pools remove tcn www-ip",
                "locations remove tcn",
            ] {
                let removed = try await run(line, more: ["-o", "json"])
                #expect(removed.status == 0, "\(line): \(removed)")
                #expect(removed.output.contains("\"action\" : \"delete\""), "\(line): \(removed)")
            }
            #expect(try await run("types revert web --revision 1").output.hasPrefix("registry: 1 added\n"))
        }
    }

    @Test("add never replaces, set never adds, and each names the command that does")
    func addAndSet() async throws {
        try await RunningAdmin.with { admin in
            func run(_ line: String) async throws -> CommandRun {
                try await CommandRun.run(
                    "portcullis", line.split(separator: " ").map(String.init), ["PORTCULLIS_ADMIN_URL": admin.url])
            }
            _ = try await run("locations add tcn")
            let server = "servers add app1 --location tcn --kind app --address 10.1.0.11"
            _ = try await run(server)
            let errors = [
                (
                    "locations add tcn",
                    "Error: location tcn exists already\n`portcullis locations set tcn` changes its description.\n"
                ),
                (server, "Error: server app1 exists already\n`portcullis servers set app1` changes it.\n"),
                (
                    "locations set hel --description x",
                    "Error: there is no location hel\n`portcullis locations add hel` adds it.\n"
                ),
                ("servers set app2 --kind db", "Error: There is no server app2.\n"),
                ("pools set hel www-ip 198.51.100.36", "Error: There is no location hel.\n"),
                (
                    "pools set tcn www-ip 198.51.100.36 10.1",
                    "Error: The request has a fault.\n  addresses.1: \"10.1\" is not an IP address\n"
                ),
                (
                    "locations add Tcn",
                    "Error: The request has a fault.\n  location: the name of a location must start with a lower-case "
                        + "letter or a digit\n"
                ),
            ]
            for (line, error) in errors {
                let refused = try await run(line)
                #expect(refused.status == 1 && refused.errors == error, "\(line): \(refused)")
            }
        }
    }

    @Test("a service without a server gets the one with the fewest, at a location if one is given")
    func chosenServer() async throws {
        try await RunningAdmin.with { admin in
            func add(_ words: String...) async throws -> CommandRun {
                try await CommandRun.run(
                    "portcullis", ["services", "add"] + words, ["PORTCULLIS_ADMIN_URL": admin.url])
            }
            _ = try await CommandRun.portcullis("apply", "-f", "fixtures/cloud.yaml", admin: admin)
            let plan = try await add("tg", "--dry-run")
            #expect(plan.status == 2 && plan.output.hasPrefix("registry: 1 added\n  +  service  tg.6  ready on app1, "))
            #expect(try await add("tg").output.contains("  +  service  tg.6  ready on app1, "))
            let full = try await add("tg", "--location", "hel")
            #expect(full.status == 1)
            #expect(
                full.errors == """
                    Error: No server at hel can take another service of tg.
                      type: hel-app1, hel-app2: a service of tg is there already
                      type: hel-db1, hel-gw1, hel-gw2: not of kind app

                    """)
        }
        for (words, part) in [
            (["tg.9"], "tg.9 needs a server"), (["tg", "app1", "--location", "tcn"], "here the server is given"),
        ] {
            let wrong = try await CommandRun.run("portcullis", ["services", "add"] + words)
            #expect(wrong.status == 64 && wrong.errors.contains(part), "\(words): \(wrong)")
        }
    }

    @Test("wrong usage is told before ADMIN is asked")
    func usage() async throws {
        let lines = [
            ("servers set app1", "nothing to change"),
            ("servers set app1 --label ssd --no-labels", "exclude each other"),
            ("servers add app1 --kind app --address 10.1.0.11", "--location"),
            ("servers add app1 --location tcn --kind apple --address 10.1.0.11", "--kind"),
            ("servers add app1 --location tcn --kind app", "--address"), ("servers remove", "<server>"),
            ("locations remove", "<location>"), ("pools set tcn www-ip", "<address>"), ("pools remove tcn", "<pool>"),
            ("egress set tcn out --pool p", "--from"), ("egress set tcn out --from 10.1.0.0/16", "--pool"),
            ("egress remove tcn", "<egress>"), ("types remove", "<type>"),
        ]
        for (line, part) in lines {
            let run = try await CommandRun.run("portcullis", line.split(separator: " ").map(String.init))
            #expect(run.status == 64 && run.errors.contains(part), "\(line): \(run)")
        }
    }
}
