import CombinedConfiguration
public import YAML

extension MetaConfiguration {
    /// Tags a meta-configuration may use: those of values of `config`.
    static let allowedTags = ConfigurationMarker.tags

    /// Reads all documents of a file, one service type each, and reports all that is wrong with them.
    ///
    /// - Parameter file: the name errors carry; by convention the type's with `.yaml`.
    public static func load(_ text: String, file: String) throws(YAMLErrors) -> [MetaConfiguration] {
        try load(Array(text.utf8), file: file)
    }

    /// As above, from bytes that may or may not be UTF-8.
    public static func load(_ bytes: [UInt8], file: String) throws(YAMLErrors) -> [MetaConfiguration] {
        var reader = MetaConfigurationReader()
        let documents = reader.diagnostics.attempt { () throws(YAMLError) in
            try YAMLDocument.parse(bytes, file: file, allowedTags: allowedTags)
        }
        var configurations = [MetaConfiguration]()
        for document in documents ?? [] {
            guard let configuration = reader.configuration(document) else { continue }
            if let earlier = configurations.first(where: { $0.type == configuration.type }) {
                reader.diagnostics.report(
                    document.position,
                    "the type \"\(configuration.type)\" is in this file already, at \(earlier.position.line):1")
            }
            configurations.append(configuration)
        }
        try reader.diagnostics.finish()
        return configurations
    }

    /// Reads a file of one document.
    public static func loadOne(_ text: String, file: String) throws(YAMLErrors) -> MetaConfiguration {
        let configurations = try load(text, file: file)
        let start = YAMLPosition(file: file, line: 1, column: 1)
        guard let first = configurations.first else {
            throw YAMLErrors(YAMLError(start, "the file is empty; a meta-configuration starts with \"type:\""))
        }
        guard configurations.count == 1 else {
            throw YAMLErrors(
                YAMLError(configurations[1].position, "a second document; a service type has one"))
        }
        return first
    }
}
