import ServiceSupport
import YAML

/// Reads a configuration from its sources in order of precedence: file, environment, flags. Later ones override
/// earlier ones.
public enum ConfigurationLoader {
    /// Reads a configuration.
    /// - Parameters:
    ///   - file: the text of the configuration file; `nil` if there is none.
    ///   - path: the file's name in errors.
    ///   - environment: all variables; those that are no settings are ignored.
    ///   - flags: settings from the command line.
    ///   - hostName: the gateway's name if none is set.
    /// - Throws: `YAMLErrors`, `YAMLError` or `ConfigurationError`, each with file, line and column, or with the
    ///   variable or flag.
    public static func load(
        file: String?, path: String, environment: [String: String], flags: [(key: ConfigurationKey, value: String)],
        hostName: String
    ) throws -> GatewayConfiguration {
        var configuration = GatewayConfiguration(name: hostName.lowercased())
        if let file { try read(file, path: path, into: &configuration) }
        for key in ConfigurationKey.allCases {
            guard let value = environment[key.environmentName] else { continue }
            guard !value.isEmpty else {
                throw ConfigurationError(
                    "the variable \(key.environmentName) is empty: give it a value, or unset it")
            }
            try set(key, value, in: &configuration, place: key.environmentName)
        }
        for (key, value) in flags { try set(key, value, in: &configuration, place: "--\(key.rawValue)") }
        // If no name was set, the host's name is used; ADMIN may not accept it.
        try set(.name, configuration.name, in: &configuration, place: "name")
        return configuration
    }

    /// The text of a configuration file; `nil` if there is none.
    public static func text(of path: String) throws -> String? {
        guard let bytes = try Files.read(path, limit: 1 << 20) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError("\(path): it is not UTF-8")
        }
        return text
    }

    private static func set(
        _ key: ConfigurationKey, _ value: String, in configuration: inout GatewayConfiguration, place: String
    ) throws(ConfigurationError) {
        do throws(ConfigurationError) {
            try key.set(value, in: &configuration)
        } catch {
            throw ConfigurationError("\(place): \(error)")
        }
    }

    private static func read(
        _ text: String, path: String, into configuration: inout GatewayConfiguration
    ) throws {
        // A file that has only comments has no settings.
        guard let node = try YAMLDocument.parse(text, file: path).first, !node.isNull else { return }
        var diagnostics = YAMLDiagnostics()
        let sections = Dictionary(grouping: ConfigurationKey.allCases) { $0.section }
        let names = sections.compactMap(\.key).sorted()
        let plain = (sections[nil] ?? []).map(\.rawValue)
        if let mapping = diagnostics.mapping(node, allowedKeys: plain + names) {
            read(mapping, prefix: "", &diagnostics, into: &configuration)
            for name in names {
                let keys = (sections[name] ?? []).map(\.nameInSection)
                guard let node = mapping[name],
                    let nested = diagnostics.mapping(
                        node, allowedKeys: keys, "a mapping of \(keys.joined(separator: ", "))")
                else { continue }
                read(nested, prefix: name + ".", &diagnostics, into: &configuration)
            }
        }
        try diagnostics.finish()
    }

    private static func read(
        _ mapping: YAMLMapping, prefix: String, _ diagnostics: inout YAMLDiagnostics,
        into configuration: inout GatewayConfiguration
    ) {
        for pair in mapping.pairs {
            guard let key = ConfigurationKey(rawValue: prefix + pair.key.text),
                let text = diagnostics.optional(pair.value, { node throws(YAMLError) in try node.text() })
            else { continue }
            do throws(ConfigurationError) {
                try key.set(text, in: &configuration)
            } catch {
                diagnostics.report(pair.value.position, "\(key.rawValue): \(error)")
            }
        }
    }
}
