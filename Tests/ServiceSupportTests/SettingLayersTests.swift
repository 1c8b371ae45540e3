import Foundation
import ServiceSupport
import Testing

@Suite("Settings of all places") struct SettingLayersTests {
    private enum Key: String, SettingKey {
        case name
        case logLevel = "log-level"
        case guardShare = "guard.services-share"

        static var variablePrefix: String { "PROGRAM_" }
    }

    private func layers(
        _ file: String = "", environment: [String: String] = [:], flags: [(key: Key, value: String)] = []
    ) throws -> SettingLayers<Key> {
        try SettingLayers(
            file: try SettingsFile(path: "program.yaml", text: file).settings(), environment: environment, flags: flags)
    }

    @Test("the environment goes before the file, a flag before both, the last of several flags before the others")
    func order() throws {
        let file = "name: a\nlog-level: b\nguard: {services-share: 3}\n"
        #expect(try layers(file)[.guardShare]?.text == "3")
        let environment = ["PROGRAM_LOG_LEVEL": "d", "PROGRAM_GUARD_SERVICES_SHARE": "4", "PROGRAM_OTHER": ""]
        let given = try layers(file, environment: environment, flags: [(.guardShare, "5"), (.guardShare, "6")])
        #expect(given[.name]?.text == "a")
        #expect(given[.logLevel]?.text == "d")
        #expect(given[.guardShare]?.text == "6")
        #expect(given.all.map(\.text) == ["a", "b", "3", "d", "4", "5", "6"])
        #expect(try layers("# nothing\n")[.name] == nil)
    }

    @Test("a setting knows the place it was given at")
    func places() throws {
        let given = try layers(
            "# here\nname: a\n", environment: ["PROGRAM_LOG_LEVEL": "d"], flags: [(.guardShare, "5")])
        #expect(
            given.all.map { "\($0.place)" } == ["program.yaml:2:7", "PROGRAM_LOG_LEVEL", "--guard.services-share"])
    }

    @Test("all unknown keys of a file are reported, in mappings too, and values that are no text")
    func wrongFile() {
        let error = #expect(throws: (any Error).self) {
            try layers("nam: a\nlog-level: [b]\nguard: {servers-share: 3}\n")
        }
        #expect(
            error.map { "\($0)" } == """
                program.yaml:1:1: unknown key "nam"; did you mean "name"?
                program.yaml:2:12: expected a value, found a list
                program.yaml:3:9: unknown key "servers-share"; did you mean "services-share"?
                """)
    }

    @Test("what --set names goes before the flag of its own, and knows that it came from there")
    func assignments() throws {
        let given = try SettingLayers<Key>(
            file: [], environment: [:], flags: [(.name, "a")], assignments: [(.guardShare, "3"), (.name, "b")])
        #expect(given[.name]?.text == "b")
        #expect(given.all.map { "\($0.place)" } == ["--name", "--set guard.services-share", "--set name"])
    }

    @Test("a second document, whose settings would count for nothing, is a mistake")
    func secondDocument() {
        let error = #expect(throws: (any Error).self) { try layers("name: a\n---\nname: b\n") }
        #expect(error.map { "\($0)" } == "program.yaml:3:1: a second document; this file must have one")
    }

    @Test("a variable that is not UTF-8, which comes with U+FFFD, is a mistake")
    func foreignVariable() {
        #expect(throws: SettingsError("the variable PROGRAM_NAME is not UTF-8 text")) {
            try layers(environment: ["PROGRAM_NAME": "/srv/\u{FFFD}"])
        }
    }

    @Test("a variable that is set and empty is a mistake")
    func emptyVariable() {
        #expect(throws: SettingsError("the variable PROGRAM_NAME is empty: give it a value, or unset it")) {
            try layers(environment: ["PROGRAM_NAME": ""])
        }
    }

    @Test("the standard file may be absent, a named one may not, and bytes that are no UTF-8 are told with their place")
    func files() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)").path
        let absent = "\(path)-absent"
        #expect(try SettingsFile.find(nil, else: absent) == nil)
        #expect(throws: FileError("read", absent, reason: "no such file")) { try SettingsFile.find(absent, else: "/") }
        try Data("# here\nname: a".utf8 + [0xE9, 0x0A]).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let error = #expect(throws: (any Error).self) {
            try SettingsFile.find(nil, else: path)?.settings(of: Key.self)
        }
        #expect(error.map { "\($0)" } == "\(path):2:8: not UTF-8 (byte 0xE9)")
    }
}
