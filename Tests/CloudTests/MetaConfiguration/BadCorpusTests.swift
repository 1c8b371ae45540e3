import TestSupport
import Testing
import YAML

@testable import Cloud

/// `fixtures/yaml/bad`: each `NAME.yaml` is wrong, and `NAME.txt` says what must be said about it, to the letter.
@Suite struct BadCorpusTests {
    @Test("each bad file gives its message")
    func messages() throws {
        let files = try Fixtures.names("yaml/bad", ending: ".yaml")
        #expect(files.count >= 60)
        for file in files {
            let expected = try Fixtures.text("yaml/bad/\(file.dropLast(5)).txt")
            let bytes = try Fixtures.bytes("yaml/bad/\(file)")
            let errors = #expect(throws: YAMLErrors.self, "\(file)") { try MetaConfiguration.load(bytes, file: file) }
            #expect(errors.map { $0.description + "\n" } == expected, "\(file)")
        }
    }
}
