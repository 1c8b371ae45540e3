import Foundation
import ServiceSupport

/// The sources of settings besides flags: the environment and files.
struct SettingsSources {
    var environment: [String: String]
    /// Returns the text of a file; throws if it cannot be read.
    var read: (String) throws -> String
    var exists: (String) -> Bool

    static func ofProcess() -> SettingsSources {
        SettingsSources(
            environment: ProcessInfo.processInfo.environment,
            read: { try LocalFile.text($0) },
            exists: { FileManager.default.fileExists(atPath: $0) })
    }

    /// Puts the configuration file, the environment and the flags together.
    func layers(flags: [ConnectionKey: String]) throws -> SettingLayers<ConnectionKey> {
        try SettingLayers(file: try configurationFile()?.settings() ?? [], environment: environment, flags: flags)
    }

    /// The operator's own: `$XDG_CONFIG_HOME/portcullis/config.yaml`, else below `~/.config`; `nil` when it is absent.
    private func configurationFile() throws -> SettingsFile? {
        let home = environment["HOME"].map { "\($0)/.config" }
        guard let directory = environment["XDG_CONFIG_HOME"].flatMap({ $0.isEmpty ? nil : $0 }) ?? home else {
            return nil
        }
        let path = "\(directory)/portcullis/config.yaml"
        return exists(path) ? SettingsFile(path: path, text: try read(path)) : nil
    }
}

/// The settings that can be given by the configuration file and the environment too.
enum ConnectionKey: String, SettingKey {
    case adminURL = "admin-url"
    case tokenFile = "token-file"
    case caFile = "ca-file"

    static var variablePrefix: String { "PORTCULLIS_" }
}
