import Cloud
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Versions

@Suite struct BuildDirectoryTests {
    private func select(_ folder: URL, _ patterns: String...) throws -> [String] {
        let selection = try BuildDirectory(folder.path).select(patterns)
        return selection.files.map(\.path) + selection.links.map { "\($0.path) -> \($0.target)" }
    }

    @Test("patterns stand for files, and directories for everything in them")
    func patterns() async throws {
        try await withTemporaryFolder { folder in
            for path in [
                "bin/pgw", "bin/pgwctl", "bin/.debug", "share/a/x.html", "share/a/.y", "share/b.html", "src/main.c",
            ] {
                try folder.write(path, path.utf8)
            }
            symlink("pgw", folder.appending(path: "bin/p").path)
            #expect(try select(folder, "bin/pgw") == ["bin/pgw"])
            #expect(try select(folder, "bin/*") == ["bin/pgw", "bin/pgwctl", "bin/p -> pgw"])
            #expect(try select(folder, "bin") == ["bin/.debug", "bin/pgw", "bin/pgwctl", "bin/p -> pgw"])
            #expect(
                try select(folder, "share", "bin/pgw?tl") == [
                    "bin/pgwctl", "share/a/.y", "share/a/x.html", "share/b.html",
                ])
            #expect(try select(folder, "**/*.html") == ["share/a/x.html", "share/b.html"])
            #expect(try select(folder, "share/**/*.html", "share/b.html") == ["share/a/x.html", "share/b.html"])
        }
    }

    @Test("a pattern that stands for nothing is told, each of them")
    func unused() async throws {
        try await withTemporaryFolder { folder in
            try folder.write("a", "".utf8)
            let fault = try error { try select(folder, "a", "b", "c/*") }
            #expect("\(fault)" == "b stands for no file in \(folder.path)\nc/* stands for no file in \(folder.path)")
        }
    }

    @Test("FIFOs, sockets, setuid files and names that are no UTF-8 are refused")
    func refused() async throws {
        try await withTemporaryFolder { folder in
            mkfifo(folder.appending(path: "fifo").path, 0o644)
            try folder.write("setuid", "".utf8, mode: 0o4755)
            try folder.write("secret", "".utf8, mode: 0o044)
            let name = Array(folder.path.utf8CString.dropLast()) + [0x2F, CChar(bitPattern: 0xFF), 0]
            close(open(name, O_CREAT | O_WRONLY, 0o644))
            let fault = try error { try select(folder, "*") }
            let lines = "\(fault)".split(separator: "\n")
            #expect(lines.count == 4)
            #expect(lines[0].hasPrefix("fifo is a FIFO"))
            #expect(lines[1].hasPrefix("secret has the mode 44"))
            #expect(lines[2].hasPrefix("setuid has the mode 4755"))
            #expect(lines[3].contains("not UTF-8"))
        }
    }

    @Test("a manifest is made of a type and a build")
    func manifest() async throws {
        try await withTemporaryFolder { folder in
            try folder.write("build/bin/pgw", "program".utf8, mode: 0o775)
            let type = try MetaConfiguration.loadOne(
                """
                type: pgw
                user: pgw
                run: {command: bin/pgw, ready: notify}
                listen: [{name: http, port: 8080}]
                install: {mkdir: [logs], files: [bin/*]}
                uninstall: {rmdir: [logs]}
                tests: [{name: t, http: {port: 8080, path: /}, from: outside}]
                limits: {memory: 1G}
                """, file: "pgw.yaml")
            let store = try folder.store()
            let session = try StoreSession(store.blobs)
            let build = try BuildDirectory(folder.appending(path: "build").path)
            let selection = try build.select(type.install?.files ?? [])
            let files = try build.add(selection, session)
            let manifest = Manifest(Samples.version, of: type, files: files, links: selection.links)
            let digest = try store.add(manifest, session).digest
            let read = try store.manifest(digest)
            #expect(read == manifest)
            #expect(read.files.map(\.path) == ["bin/pgw"] && read.files[0].mode == Samples.executable)
            #expect(read.run?.ready == .notify && read.user == "pgw" && read.tests.first?.origin == .outside)
            #expect(read.limits?.memory == 1 << 30 && read.directories.map(\.path) == ["logs"])
        }
    }
}

@Suite struct VersionDifferenceTests {
    @Test("what was added, changed and removed, and what else is other")
    func difference() {
        var old = Samples.manifest("a", "b", "c", links: [("l", "a"), ("m", "a")])
        var new = Samples.manifest("a", "b", "d", links: [("l", "b"), ("m", "a")])
        let blob = Blob(
            digest: ContentDigest(of: "other".utf8), size: 9, compressedSize: 18,
            compressedDigest: ContentDigest(of: []))
        new.files[0].blob = blob
        new.files[1].mode = Samples.executable
        old.user = "one"
        new.user = "two"
        let difference = VersionDifference(from: old, to: new)
        #expect(difference.changes.map(\.path) == ["a", "b", "c", "d", "l"])
        #expect(difference.changes.map { $0.before == nil } == [false, false, false, true, false])
        #expect(difference.changes.map { $0.after == nil } == [false, false, true, false, false])
        #expect(difference.sections == ["user"])
        #expect(difference.newBytes == 18)
        #expect(VersionDifference(from: old, to: old).isEmpty)
    }
}

@Suite struct ByteCountTests {
    @Test(
        "three digits and a unit",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1_024, "1 KiB"), (1_536, "1.5 KiB"), (10_300, "10 KiB"), (1 << 20, "1 MiB"),
            (1_023 << 10, "1 MiB"), (5 << 30, "5 GiB"),
        ])
    func text(_ count: Int, _ text: String) { #expect(ByteCount.text(count) == text) }
}
