import Testing
import YAML

@testable import CombinedConfiguration

/// Blocks from text, and variables of a service that is always the same.
enum Blocks {
    /// A block of a type's file.
    static func block(
        _ type: String, _ sortOrder: Int, number: Int = 1, _ text: String
    ) throws -> ConfigurationBlock {
        let node = try YAMLDocument.parseOne(text, file: "\(type).yaml", allowedTags: ConfigurationMarker.tags)
        var diagnostics = YAMLDiagnostics()
        let values = BlockValue(reading: node, &diagnostics)
        try diagnostics.finish()
        let id = BlockID(type: type, sortOrder: sortOrder, number: number)
        return ConfigurationBlock(id: id, values: try #require(values))
    }

    /// Blocks of types a, b, c, … with sort orders 10, 20, 30, …
    static func template(_ texts: String...) throws -> ConfigurationTemplate {
        let blocks = try texts.enumerated().map { number, text in
            try block(String(UnicodeScalar(UInt8(0x61 + number))), (number + 1) * 10, text)
        }
        return ConfigurationTemplate(merging: blocks, type: "t")
    }

    /// What the blocks come to as JSON.
    static func json(_ texts: String...) throws -> String {
        let blocks = try texts.enumerated().map { number, text in
            try block(String(UnicodeScalar(UInt8(0x61 + number))), (number + 1) * 10, text)
        }
        let resolution = ConfigurationTemplate(merging: blocks, type: "t").resolved(TestVariables())
        #expect(resolution.errors == [])
        return resolution.root.jsonText
    }

    /// What is wrong with the blocks.
    static func errors(_ texts: String...) throws -> [String] {
        let blocks = try texts.enumerated().map { number, text in
            try block(String(UnicodeScalar(UInt8(0x61 + number))), (number + 1) * 10, text)
        }
        return ConfigurationTemplate(merging: blocks, type: "t").resolved(TestVariables()).errors.map(\.description)
    }

    /// What is wrong with the text of a block.
    static func faults(_ text: String) throws -> [String] {
        let node = try YAMLDocument.parseOne(text, file: "a.yaml", allowedTags: ConfigurationMarker.tags)
        var diagnostics = YAMLDiagnostics()
        _ = BlockValue(reading: node, &diagnostics)
        return diagnostics.errors.map(\.description)
    }
}

/// The variables of `mdb.2` on `db1` at `tcn`, which has a pool `www-ip`.
struct TestVariables: VariableSource {
    func value(of variable: Variable) -> VariableLookup {
        switch variable {
        case .appIndex: .value(.integer(2))
        case .serviceName: .value(.text("mdb.2"))
        case .serviceType: .value(.text("mdb"))
        case .serverName: .value(.text("db1"))
        case .serverKind: .value(.text("db"))
        case .serverAddress: .value(.text("10.1.0.21"))
        case .serverAddresses: .value(.list(["10.1.0.21", "fd00:1::21"]))
        case .locationName: .value(.text("tcn"))
        case .poolAddress("www-ip"): .value(.text("198.51.100.36"))
        case .poolAddresses("www-ip"): .value(.list(["198.51.100.36", "2001:db8:0:1::36"]))
        case .poolAddress(let name), .poolAddresses(let name):
            .undefined("the location tcn has no pool \"\(name)\"")
        case .instanceAddresses("logger"): .value(.list(["10.1.0.31"]))
        case .instanceNames("logger"): .value(.list(["logger.1"]))
        case .instanceAddresses("none"): .value(.list([]))
        case .instanceAddresses(let type), .instanceNames(let type): .undefined("there is no type \"\(type)\"")
        case .configuration: .undefined("unused")
        }
    }

    func secret(_ name: String) -> SecretKind? {
        switch name {
        case "db-password": .text
        case "tls-key": .binary
        default: nil
        }
    }
}
