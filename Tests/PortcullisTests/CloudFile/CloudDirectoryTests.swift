import AdminAPI
import Testing
import YAML

@testable import portcullis

@Suite struct CloudDirectoryTests {
    /// Reads from files in memory; what ends with a slash is a directory.
    private func load(_ paths: String..., files: [String: String]) throws -> CloudDirectory {
        try CloudDirectory(
            paths: paths,
            read: { path in
                guard let text = files[path] else { throw CommandError("\(path): no such file") }
                return text
            },
            list: { path in
                let names = files.keys.filter { $0.hasPrefix(path + "/") }
                    .compactMap { $0.dropFirst(path.count + 1).split(separator: "/").first.map(String.init) }
                return names.isEmpty ? nil : Set(names).sorted()
            })
    }

    @Test("type files are found beside the cloud file and sent as they are written")
    func relativePaths() throws {
        let directory = try load(
            "clouds/one/cloud.yaml",
            files: [
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
            files: [
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
            files: [
                "cloud.yaml": "types: [types]", "types/a.yml": "type: a", "types/b.yaml": "type: b",
                "types/c.YAML": "type: c", "types/d.yaml.bak": "type: d",
            ])
        #expect(directory.types.map(\.type) == ["a", "b"])
        #expect(directory.notes.map { $0.prefix { $0 != " " } } == ["types/c.YAML", "types/d.yaml.bak"])
        let both = ["cloud.yaml": "types: [types]", "types/a.yml": "type: a", "types/a.yaml": "type: a"]
        #expect(throws: YAMLErrors.self) { try load("cloud.yaml", files: both) }
        let none = try load("cloud.yaml", files: ["cloud.yaml": "types: [types]", "types/.a.yaml": "type: a"])
        #expect(none.notes == ["there is no type file (*.yaml, *.yml) in types/"])
    }

    @Test("several files and directories are one cloud, each with the paths and places of its own")
    func severalFiles() throws {
        let directory = try load(
            "all.yaml", "parts",
            files: [
                "all.yaml": "types: [types/a.yaml]\nlocations:\n  tcn:\n", "types/a.yaml": "type: a",
                "parts/1.yaml": "types: [types]\nlocations:\n  hel:\n    pools: {p: 198.51.100.1}\n",
                "parts/2.yml": "services:\n  a.1: app1\n", "parts/types/b.yaml": "type: b",
                "parts/README": "…", "parts/.git": "…",
            ])
        #expect(directory.cloud.locations.map(\.name) == ["tcn", "hel"])
        #expect(directory.types.map(\.path) == ["types/a.yaml", "parts/types/b.yaml"])
        #expect(directory.places.place(of: "#/locations/1") == "parts/1.yaml:3:3")
        #expect(directory.places.place(of: "#/services/0/server") == "parts/2.yml:2:8")
        #expect(directory.places.place(of: "b.yaml:1:1") == "parts/types/b.yaml:1:1")
        #expect(directory.notes == ["parts/README is no cloud file (*.yaml, *.yml) and is passed over"])
    }

    @Test("the same object in two files is an error that names both places")
    func twice() {
        let server = "{kind: app, addresses: 10.1.0.11}"
        let error = #expect(throws: YAMLErrors.self) {
            try load(
                "a.yaml", "b.yaml",
                files: [
                    "a.yaml": "locations:\n  tcn:\n    servers: {app1: \(server)}\nservices: {a.1: app1}\n",
                    "b.yaml": "services: {a.1: app1}\nlocations:\n  tcn:\n    servers: {app1: \(server)}\n",
                ])
        }
        #expect(
            error?.errors.map(\.description) == [
                "b.yaml:1:12: the service a.1 is there already, at a.yaml:4:12",
                "b.yaml:3:3: the location tcn is there already, at a.yaml:2:3",
                "b.yaml:4:15: the server app1 is there already, at a.yaml:3:15",
            ])
        let types = ["a.yaml": "types: [t.yaml]", "b.yaml": "types: [{source: 'type: t'}]", "t.yaml": "type: t"]
        let other = #expect(throws: YAMLErrors.self) { try load("a.yaml", "b.yaml", files: types) }
        #expect(other?.description == "b.yaml:1:18: the type t is in t.yaml and b.yaml:1:18")
    }

    @Test("a file that is given twice and a directory without a cloud file are errors")
    func wrongPaths() {
        let files = ["d/cloud.yaml": "{}", "e/x.txt": "…"]
        for (paths, message) in [
            (["d/cloud.yaml", "d"], "d/cloud.yaml is given twice"), (["-", "-"], "standard input is given twice"),
            (["e/"], "there is no cloud file (*.yaml, *.yml) in e/"),
        ] {
            let error = #expect(throws: CommandError.self) {
                try CloudDirectory(
                    paths: paths, read: { files[$0] ?? "{}" },
                    list: { path in
                        let path = path.hasSuffix("/") ? path : path + "/"
                        let names = files.keys.filter { $0.hasPrefix(path) }.map { String($0.dropFirst(path.count)) }
                        return names.isEmpty ? nil : names.sorted()
                    })
            }
            #expect(error?.message == message)
        }
    }

    @Test("the text of a type may stand in the cloud file, and its faults have their places there")
    func inlineTypes() throws {
        let text = """
            types:
              - source: |

                  type: a
                  gateway: []
              - source: "type: b"
              - {source: "type: c\\n"}
            """
        for lines in [text, text.replacing("\n", with: "\r\n")] {
            let directory = try load("cloud.yaml", files: ["cloud.yaml": lines])
            #expect(
                directory.request(prune: false).types == [
                    .init(name: "a", source: "\ntype: a\ngateway: []\n"), .init(name: "b", source: "type: b"),
                    .init(name: "c", source: "type: c\n"),
                ])
            for (place, shown) in [
                ("a.yaml:2:7", "cloud.yaml:4:13"), ("b.yaml:1:3", "cloud.yaml:6:13"),
                ("#/types/0/source", "cloud.yaml:3:7"), ("#/types/2", "cloud.yaml:7:14"),
            ] {
                #expect(directory.places.place(of: place) == shown)
            }
            #expect(
                directory.places.translated("a/b overlaps (a.yaml:2:7), here")
                    == "a/b overlaps (cloud.yaml:4:13), here")
        }
        let faults = [
            ("types: [{}]", "cloud.yaml:1:9: the key \"source\" is missing"),
            (
                "types: [{source: 1}]",
                "cloud.yaml:1:18: expected the text of a type file, found 1; quote it if it is meant as text"
            ),
            ("types: [{sauce: x}]", "cloud.yaml:1:10: unknown key \"sauce\"; did you mean \"source\"?"),
            (
                "types:\n  - source: |\n      a: 1\n      a: 2\n",
                "cloud.yaml:4:7: the key \"a\" is there already, at 3:7"
            ),
        ]
        for (text, message) in faults {
            let error = #expect(throws: YAMLErrors.self) { try load("cloud.yaml", files: ["cloud.yaml": text]) }
            #expect(error?.errors.map(\.description).contains(message) == true, "\(error.map { "\($0)" } ?? "")")
        }
    }

    @Test("paths are cut at slashes, whatever accent follows one")
    func accents() throws {
        let directory = try load(
            "d/\u{301}c.yaml", files: ["d/\u{301}c.yaml": "types: [\u{301}x.yaml]", "d/\u{301}x.yaml": "type: a"])
        #expect(directory.types.map(\.type) == ["a"])
    }

    @Test("types whose names only look alike are two")
    func alike() throws {
        let files = [
            "cloud.yaml": "types: [a.yaml, b.yaml]", "a.yaml": "type: \u{E9}", "b.yaml": "type: e\u{301}",
        ]
        #expect(try load("cloud.yaml", files: files).types.count == 2)
    }

    @Test("every bad type file is told of, where it is or where it is named")
    func badTypeFiles() {
        let error = #expect(throws: YAMLErrors.self) {
            try load(
                "cloud.yaml",
                files: [
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
