import Foundation
import Testing

/// The built `portcullis-admin token`.
@Suite struct TokenCommandTests {
    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    /// What `token list` prints without a token.
    private static let heading = "TOKEN  ROLE  OF  CREATED  EXPIRES  LAST USED\n"

    private func token(_ arguments: String..., database: String) async throws -> CommandRun {
        try await CommandRun.run("portcullis-admin", ["token"] + arguments + ["--database", database])
    }

    @Test("only `token add` makes a registry, and says so; the token alone goes to standard output")
    func newRegistry() async throws {
        try await withFolder { folder in
            let database = folder.appending(path: "deep/registry.sqlite").path
            for run in [
                try await token("list", database: database), try await token("remove", "ops", database: database),
            ] {
                #expect(run.status == 1)
                #expect(run.errors.hasPrefix("Error: there is no registry \(database); "))
            }
            #expect(!FileManager.default.fileExists(atPath: database))

            let first = try await token("add", "ops", "--role", "admin", database: database)
            #expect(first.status == 0)
            #expect(first.output.firstMatch(of: /^portcullis_[0-9A-Za-z]+\n$/) != nil)
            #expect(
                first.errors == """
                    Note: \(database) is a new registry: there was none.
                    Note: this is the first token: from now on every request needs one, those of gateways too.

                    """)
            let unbound = try await token("add", "gw1", "--role", "gateway", database: database)
            #expect(
                unbound.status == 1
                    && unbound.errors == "Error: gateway: a token of role gateway must name its gateway\n")
            let past = try await token(
                "add", "ci", "--role", "read", "--expires", "2020-01-01T00:00:00Z", database: database)
            #expect(past.status == 1 && past.errors == "Error: expires: 2020-01-01T00:00:00.000Z is past\n")
            let second = try await token(
                "add", "gw1", "--role", "gateway", "--gateway", "tcn/gw1", "--expires", "90d", database: database)
            #expect(second.status == 0 && second.errors == "")
            for words in [["--gateway", "gw1"], ["--expires", "soon"]] {
                let run = try await CommandRun.run(
                    "portcullis-admin", ["token", "add", "x", "--role", "read", "--database", database] + words)
                #expect(run.status == 64, "\(words)")
            }
            let removed = try await token("remove", "ops", database: database)
            #expect(removed.errors.hasPrefix("Note: no token of role admin is left"))
            let list = try await token("list", database: database).output
            let lines = list.split(separator: "\n")
            #expect(lines.count == 2, "\(list)")
            #expect(
                lines.first?.firstMatch(of: /^TOKEN  ROLE     OF       CREATED +EXPIRES +LAST USED$/) != nil, "\(list)")
            #expect(
                lines.last?.firstMatch(of: /^gw1    gateway  tcn\/gw1  20\S+Z  20\S+Z  never$/) != nil, "\(list)")
        }
    }

    @Test("a token whose secret cannot be written is not there afterwards")
    func unwritten() async throws {
        try await withFolder { folder in
            let database = folder.appending(path: "registry.sqlite").path
            let program = CommandRun.program("portcullis-admin").path
            let run = try await CommandRun.run(
                "/bin/sh", ["-c", "exec \(program) token add zz --role admin --database \(database) >/dev/full"])
            #expect(run.status == 1)
            #expect(run.errors.contains("Note: the token zz was removed again, since its secret could not be written."))
            #expect(run.errors.contains("standard output: no space left on device"), "\(run.errors)")
            #expect(try await token("list", database: database).output == Self.heading)
        }
    }

    @Test("a program that is started with its first descriptors closed writes nothing into a file it opens")
    func closedDescriptors() async throws {
        try await withFolder { folder in
            let database = folder.appending(path: "registry.sqlite").path
            let program = CommandRun.program("portcullis-admin").path
            let run = try await CommandRun.run(
                "/bin/sh", ["-c", "exec \(program) token add zz --role admin --database \(database) <&- >&- 2>&-"])
            #expect(run.status == 1)
            #expect(try await token("list", database: database).output == Self.heading)
            for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
                #expect(try Data(contentsOf: file).range(of: Data("Note: ".utf8)) == nil, "\(file.path)")
            }
        }
    }

    @Test("root leaves the registry of another user alone", .enabled(if: geteuid() == 0))
    func ofAnother() async throws {
        try await withFolder { folder in
            chown(folder.path, 65_534, 65_534)
            let database = folder.appending(path: "registry.sqlite").path
            let run = try await token("add", "ops", "--role", "admin", database: database)
            #expect(run.status == 1)
            #expect(run.errors.hasPrefix("Error: \(database) belongs to "))
            // Debian has no sudo by default.
            #expect(run.errors.contains("use `runuser -u nobody -- portcullis-admin …`"), "\(run.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }
    }
}
