import Text
package import YAML

extension SettingLayers {
    /// Sets everything that was given, in rising order. What is wrong in the file is reported with the rest of what is
    /// wrong there.
    ///
    /// - Parameter set: sets the value of one; throws what is wrong with the text, without the place.
    /// - Throws: `YAMLErrors` with all that is wrong in the file, or `SettingsError` with the variable or flag.
    package func apply(
        _ diagnostics: inout YAMLDiagnostics, _ set: (Key, String) throws(SettingsError) -> Void
    ) throws {
        for setting in all {
            do throws(SettingsError) {
                try set(setting.key, setting.text)
            } catch {
                guard case .file(let position) = setting.place else {
                    try diagnostics.finish()
                    throw SettingsError("\(setting.place): \(error)")
                }
                diagnostics.report(position, "\(setting.key.rawValue): \(error)")
            }
        }
        try diagnostics.finish()
    }
}

extension SettingKey {
    /// What `--set` has: the name of a setting, =, and its value.
    package static func assignment(_ text: String) throws(SettingsError) -> (key: Self, value: String) {
        let parts = text.splitBytes("=", maxSplits: 1)
        guard parts.count == 2, let key = Self(rawValue: String(parts[0])) else {
            throw SettingsError("--set \(text): it is not the name of a setting, =, and a value")
        }
        return (key, String(parts[1]))
    }
}
