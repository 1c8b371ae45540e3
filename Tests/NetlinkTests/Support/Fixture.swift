import Foundation

/// Files of `fixtures/wire`.
enum Fixture {
    static func text(_ name: String) -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "fixtures/wire/\(name)")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            fatalError("the fixture \(file.path) is missing")
        }
        return text
    }
}
