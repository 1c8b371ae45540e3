import AdminAPI
import Testing
import YAML

@testable import portcullis

@Suite struct CloudDirectoryTests {
    /// Reads from files in memory; what ends with a slash is a directory.
    private func load(_ path: String, _ files: [String: String]) throws -> CloudDirectory {
        try CloudDirectory(
            path: path,
            read: { path in
                guard let text = files[path] else { throw CommandError("\(path): no such file") }
                return text
            },
            list: { path in
                let names = files.keys.filter { $0.hasPrefix(path + "/") }.map { String($0.dropFirst(path.count + 1)) }
                return names.isEmpty ? nil : names.sorted()
            })
    }

    @Test("type files are found beside the cloud file and sent as they are written")
    func relativePaths() throws {
        let directory = try load(
            "clouds/one/cloud.yaml",
            [
                "clouds/one/cloud.yaml": "types: [types/pgw.yaml, /shared/tg.yaml]",
                "clouds/one/types/pgw.yaml": "# entrance\ntype: pgw\n",
                "/shared/tg.yaml": "type: tg\n",
            ])
        let request = directory.request(prune: true)
        #expect(
            request.types == [
                ApplyRequest.ServiceType(name: "pgw", source: "# entrance\ntype: pgw\n"),
                ApplyRequest.ServiceType(name: "tg", source: "type: tg\n"),
            ])
        #expect(request.prune)
        #expect(directory.places.place(of: "pgw.yaml:2:1") == "clouds/one/types/pgw.yaml:2:1")
    }

    @Test("a directory stands for the YAML files in it")
    func directories() throws {
        let directory = try load(
            "cloud.yaml",
            [
                "cloud.yaml": "types: [types]", "types/b.yaml": "type: b", "types/a.yaml": "type: a",
                "types/notes.txt": "…", "types/.hidden.yaml": "…",
            ])
        #expect(directory.types.map(\.path) == ["types/a.yaml", "types/b.yaml"])
        #expect(directory.notes == ["types/notes.txt is no type file (*.yaml, *.yml) and is passed over"])
    }

    @Test("a .yml is a type file too; nothing else in a directory is passed over in silence")
    func otherEndings() throws {
        let directory = try load(
            "cloud.yaml",
            [
                "cloud.yaml": "types: [types]", "types/a.yml": "type: a", "types/b.yaml": "type: b",
                "types/c.YAML": "type: c", "types/d.yaml.bak": "type: d",
            ])
        #expect(directory.types.map(\.type) == ["a", "b"])
        #expect(directory.notes.map { $0.prefix { $0 != " " } } == ["types/c.YAML", "types/d.yaml.bak"])
        let both = ["cloud.yaml": "types: [types]", "types/a.yml": "type: a", "types/a.yaml": "type: a"]
        #expect(throws: YAMLErrors.self) { try load("cloud.yaml", both) }
        let none = try load("cloud.yaml", ["cloud.yaml": "types: [types]", "types/.a.yaml": "type: a"])
        #expect(none.notes == ["there is no type file (*.yaml, *.yml) in types/"])
    }

    @Test("paths are cut at slashes, whatever accent follows one")
    func accents() throws {
        let directory = try load(
            "d/\u{301}c.yaml", ["d/\u{301}c.yaml": "types: [\u{301}x.yaml]", "d/\u{301}x.yaml": "type: a"])
        #expect(directory.types.map(\.type) == ["a"])
    }

    @Test("types whose names only look alike are two")
    func alike() throws {
        let files = [
            "cloud.yaml": "types: [a.yaml, b.yaml]", "a.yaml": "type: \u{E9}", "b.yaml": "type: e\u{301}",
        ]
        #expect(try load("cloud.yaml", files).types.count == 2)
    }

    @Test("every bad type file is told of, where it is or where it is named")
    func badTypeFiles() {
        let error = #expect(throws: YAMLErrors.self) {
            try load(
                "cloud.yaml",
                [
                    "cloud.yaml":
                        "types:\n  - gone.yaml\n  - nameless.yaml\n  - one.yaml\n  - two.yaml\n  - two.yaml\n  - broken.yaml\n",
                    "nameless.yaml": "gateway: []", "one.yaml": "type: tg", "two.yaml": "type: tg",
                    "broken.yaml": "type: tg\ntype: tg",
                ])
        }
        #expect(
            error?.errors.map(\.description) == [
                "broken.yaml:2:1: the key \"type\" is there already, at 1:1",
                "cloud.yaml:2:5: gone.yaml: no such file",
                "cloud.yaml:5:5: the type tg is in one.yaml and two.yaml",
                "cloud.yaml:6:5: two.yaml, of the type tg, is listed twice",
                "nameless.yaml:1:1: the key \"type\" is missing",
            ])
    }
}
