import Cloud
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Versions

@Suite struct BuildCommandTests {
    private func command(_ program: String, _ environment: [EnvironmentVariable] = [], path: String? = nil)
        -> BuildCommand
    {
        BuildCommand(
            BuildSection.Settings(command: [program, "all"], environment: environment),
            VersionName(type: "pgw", name: "1.5.0", variant: "debug"), path: path, home: "/home/b", temporary: nil)
    }

    @Test("the environment is clean: what is given, what the settings say, and the version")
    func environment() {
        let command = command(
            "make", [.init(name: "HOME", value: "/x"), .init(name: "PORTCULLIS_TYPE", value: "mdb")], path: "/bin")
        #expect(
            command.environment.map { "\($0.name)=\($0.value)" } == [
                "HOME=/x", "LANG=C.UTF-8", "PATH=/bin", "PORTCULLIS_TYPE=pgw", "PORTCULLIS_VARIANT=debug",
                "PORTCULLIS_VERSION=1.5.0",
            ])
        #expect(command.words == ["make", "all"])
        #expect(self.command("make").environment.contains { $0.name == "PATH" && $0.value.contains("/usr/bin") })
    }

    @Test("a program is found as a shell finds it, in the directory of the build")
    func program() async throws {
        try await withTemporaryFolder { folder in
            try folder.write("tools/make", "".utf8, mode: 0o755)
            try folder.write("configure", "".utf8, mode: 0o755)
            #expect(
                try command("make", path: "/none:\(folder.path)/tools").program(in: "/") == "\(folder.path)/tools/make")
            #expect(try command("make", path: "tools").program(in: folder.path) == "\(folder.path)/tools/make")
            #expect(try command("configure", path: "").program(in: folder.path) == "\(folder.path)/configure")
            #expect(try command("./configure").program(in: folder.path) == "\(folder.path)/./configure")
            #expect(try command("/bin/sh").program(in: folder.path) == "/bin/sh")
            #expect { try command("none", path: "/none").program(in: "/") } throws: { error in
                (error as? MissingProgram)?.hint == "It is looked for in PATH=/none."
            }
            #expect { try command("./none").program(in: folder.path) } throws: { error in
                (error as? MissingProgram)?.isInPath == false
            }
        }
    }

    @Test("no link is followed to the results, and no file is taken that the user could not read")
    func reader() async throws {
        try await withTemporaryFolder { folder in
            try folder.write("source/out/deep/a", "".utf8)
            try folder.write("source/out/deep/secret", "".utf8, mode: 0o600)
            symlink("../out", folder.appending(path: "source/link").path)
            let source = folder.appending(path: "source").path
            #expect(throws: (any Error).self) { try BuildDirectory("link", below: source) }
            #expect(throws: (any Error).self) { try BuildDirectory("out/none", below: source) }
            #expect(try BuildDirectory("out/deep", below: source).select(["*"]).files.map(\.path) == ["a", "secret"])
            let stranger = BuildReader(user: geteuid() + 1, group: getegid() + 1)
            let build = try BuildDirectory("out", below: source, for: stranger)
            #expect(try build.select(["deep/a"]).files.map(\.path) == ["deep/a"])
            #expect { _ = try build.select(["**"]) } throws: {
                "\($0)" == "deep/secret may not be read by the user who builds"
            }
            let owner = BuildReader(user: geteuid(), group: getegid())
            #expect(try BuildDirectory(".", below: source, for: owner).select(["out"]).files.count == 2)
        }
    }
}
