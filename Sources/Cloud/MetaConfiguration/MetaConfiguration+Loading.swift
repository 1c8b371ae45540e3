import CombinedConfiguration
public import YAML

extension MetaConfiguration {
    /// The tags that a meta-configuration may use, all in values of `config`.
    package static let allowedTags = ConfigurationMarker.tags

    /// Reads all documents of a file, one service type each, and reports all faults.
    ///
    /// - Parameters:
    ///   - file: the file's name in errors; by convention that of the type with `.yaml`.
    ///   - isStored: whether it was accepted before, possibly by a less strict version.
    public static func load(
        _ text: String, file: String, isStored: Bool = false
    ) throws(YAMLErrors) -> [MetaConfiguration] {
        try load(Array(text.utf8), file: file, isStored: isStored)
    }

    /// Like the function above, for bytes that may not be UTF-8.
    public static func load(
        _ bytes: [UInt8], file: String, isStored: Bool = false
    ) throws(YAMLErrors) -> [MetaConfiguration] {
        var reader = MetaConfigurationReader(isStored: isStored)
        var limits = YAMLLimits()
        limits.isStored = isStored
        let documents = reader.diagnostics.attempt { () throws(YAMLError) in
            try YAMLDocument.parse(bytes, file: file, allowedTags: allowedTags, limits: limits)
        }
        var configurations = [MetaConfiguration]()
        var places = [String: YAMLPosition]()
        for document in documents ?? [] {
            guard let configuration = reader.configuration(document) else { continue }
            if let earlier = places[configuration.type] {
                reader.diagnostics.report(
                    document.position,
                    "the type \"\(configuration.type)\" is in this file already, at \(earlier.line):1")
            } else {
                places[configuration.type] = configuration.position
            }
            configurations.append(configuration)
        }
        try reader.diagnostics.finish()
        return configurations
    }

    /// Reads a file of one document.
    public static func loadOne(
        _ text: String, file: String, isStored: Bool = false
    ) throws(YAMLErrors) -> MetaConfiguration {
        let configurations = try load(text, file: file, isStored: isStored)
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
