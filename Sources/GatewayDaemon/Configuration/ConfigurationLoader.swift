package import ServiceSupport
import Text
import YAML

/// Reads a configuration from its sources in order of precedence: file, environment, flags. Later ones override
/// earlier ones.
public enum ConfigurationLoader {
    /// Reads a configuration.
    /// - Parameters:
    ///   - file: the configuration file; `nil`: there is none.
    ///   - environment: all of it; other variables are left alone.
    ///   - flags: settings from the command line.
    ///   - assignments: those from `--set`.
    ///   - hostName: the gateway's name where none is set.
    /// - Throws: `YAMLErrors` with all that is wrong in the file, or `SettingsError` with the variable or flag.
    package static func load(
        file: SettingsFile?, environment: [String: String], flags: [(key: ConfigurationKey, value: String)],
        assignments: [(key: ConfigurationKey, value: String)] = [], hostName: String
    ) throws -> GatewayConfiguration {
        var configuration = GatewayConfiguration(name: hostName.lowercased())
        var diagnostics = YAMLDiagnostics()
        let given = try SettingLayers(
            file: file?.settings(of: ConfigurationKey.self, &diagnostics) ?? [], environment: environment, flags: flags,
            assignments: assignments)
        for setting in given.all {
            do throws(SettingsError) {
                try setting.key.set(setting.text, in: &configuration)
            } catch {
                guard case .file(let position) = setting.place else {
                    try diagnostics.finish()
                    throw SettingsError("\(setting.place): \(error)")
                }
                diagnostics.report(position, "\(setting.key.rawValue): \(error)")
            }
        }
        try diagnostics.finish()
        // The host's own name, where none was set, may be none for ADMIN.
        do throws(SettingsError) {
            try ConfigurationKey.name.set(configuration.name, in: &configuration)
        } catch {
            throw SettingsError("name: \(error)")
        }
        return configuration
    }

    /// What `--set` has: the name of a setting, =, and its value.
    package static func setting(_ text: String) throws(SettingsError) -> (key: ConfigurationKey, value: String) {
        let parts = text.splitBytes("=", maxSplits: 1)
        guard parts.count == 2, let key = ConfigurationKey(rawValue: String(parts[0])) else {
            throw SettingsError("--set \(text): it is not the name of a setting, =, and a value")
        }
        return (key, String(parts[1]))
    }
}
