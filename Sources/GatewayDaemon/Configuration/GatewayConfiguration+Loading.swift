package import ServiceSupport
import YAML

extension GatewayConfiguration {
    /// Reads a configuration from its sources in order of precedence: file, environment, flags. Later ones override
    /// earlier ones.
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
        try given.apply(&diagnostics) { (key, text) throws(SettingsError) in try key.set(text, in: &configuration) }
        // The host's own name, where none was set, may be none for ADMIN.
        do throws(SettingsError) {
            try ConfigurationKey.name.set(configuration.name, in: &configuration)
        } catch {
            throw SettingsError("name: \(error)")
        }
        return configuration
    }
}
