import Foundation
import Testing

@testable import Admin
@testable import Cloud
@testable import Registry

/// The project's fixtures, as tests read them.
enum Fixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../fixtures").standardizedFileURL

    static func text(_ path: String) throws -> String {
        try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: path)))
    }

    /// Names of the files of a folder, sorted.
    static func names(_ path: String, ending: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path)
            .filter { $0.hasSuffix(ending) }.sorted()
    }

    static func type(_ name: String) throws -> ServiceType {
        let source = try text("types/\(name).yaml")
        return ServiceType(
            source: source, configuration: try MetaConfiguration.loadOne(source, file: "\(name).yaml"))
    }
}
