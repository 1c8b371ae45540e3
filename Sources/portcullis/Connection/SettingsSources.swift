import Foundation
import YAML

/// The sources of settings besides flags: the environment and files.
struct SettingsSources {
    var environment: [String: String]
    /// Returns the text of a file; throws if it cannot be read.
    var read: (String) throws -> String
    var exists: (String) -> Bool

    /// The value of a variable. One that is set but empty is an error in a script, or in a file for systemd.
    func variable(_ name: String) throws(CommandError) -> String? {
        guard let value = environment[name] else { return nil }
        guard !value.isEmpty else {
            throw CommandError("the variable \(name) is empty", hint: "Give it a value, or unset it.")
        }
        return value
    }

    static func ofProcess() -> SettingsSources {
        SettingsSources(
            environment: ProcessInfo.processInfo.environment,
            read: { try LocalFile.text($0) },
            exists: { FileManager.default.fileExists(atPath: $0) })
    }

    /// `$XDG_CONFIG_HOME/portcullis/config.yaml`, or the same path below `~/.config`. A missing file has no settings.
    func configurationFile() throws -> ConfigurationFile {
        let home = environment["HOME"].map { "\($0)/.config" }
        guard let directory = environment["XDG_CONFIG_HOME"].flatMap({ $0.isEmpty ? nil : $0 }) ?? home else {
            return ConfigurationFile()
        }
        let path = "\(directory)/portcullis/config.yaml"
        guard exists(path) else { return ConfigurationFile() }
        return try ConfigurationFile(parsing: try read(path), file: path)
    }
}

/// The operator's own configuration file; every key is optional.
struct ConfigurationFile: Equatable {
    var adminURL: String?
    var tokenFile: String?
    var caFile: String?

    init() {}

    init(parsing text: String, file: String) throws(YAMLErrors) {
        var diagnostics = YAMLDiagnostics()
        let documents = diagnostics.attempt { () throws(YAMLError) in try YAMLDocument.parse(text, file: file) }
        if let node = documents?.first, !node.isNull,
            let mapping = diagnostics.mapping(
                node, allowedKeys: ["admin-url", "token-file", "ca-file"], "the settings admin-url, token-file, ca-file"
            )
        {
            adminURL = diagnostics.optional(mapping["admin-url"]) { node throws(YAMLError) in
                try node.string("an address like \(Settings.defaultURL)")
            }
            tokenFile = diagnostics.optional(mapping["token-file"]) { node throws(YAMLError) in
                try node.string("a path")
            }
            caFile = diagnostics.optional(mapping["ca-file"]) { node throws(YAMLError) in try node.string("a path") }
        }
        try diagnostics.finish()
    }
}
