/// The settings of a program from all places: the configuration file, the environment and flags, each going before the
/// one it follows. Defaults are below them, in the code that reads the text of a setting.
package struct SettingLayers<Key: SettingKey>: Sendable {
    /// Everything that was given, in rising order. A later setting overrides an earlier one of the same key.
    package let all: [Setting<Key>]

    /// - Parameters:
    ///   - file: those of the configuration file (`SettingsFile`).
    ///   - environment: all of the process's environment; other variables are left alone.
    ///   - flags: those of the command line.
    ///   - assignments: those that the flag `--set` names, which override the flags of their own.
    package init(
        file: [Setting<Key>], environment: [String: String], flags: some Sequence<(key: Key, value: String)>,
        assignments: [(key: Key, value: String)] = []
    ) throws(SettingsError) {
        var all = file
        for key in Key.allCases {
            guard let text = try environment.variable(key.variable) else { continue }
            all.append(Setting(key: key, text: text, place: .variable(key.variable)))
        }
        for (key, text) in flags { all.append(Setting(key: key, text: text, place: .flag(key.rawValue))) }
        for (key, text) in assignments {
            all.append(Setting(key: key, text: text, place: .assignment(key.rawValue)))
        }
        self.all = all
    }

    /// The setting that counts; `nil` when it was given nowhere. Walks over all that was given.
    package subscript(key: Key) -> Setting<Key>? { all.last { $0.key == key } }
}

extension [String: String] {
    /// The value of a variable of the environment. One that is set and empty is a mistake: of a script, or of a file
    /// for systemd. One that is not UTF-8 has come here with U+FFFD in the place of its bytes, and would name another
    /// file than the one that is meant.
    package func variable(_ name: String) throws(SettingsError) -> String? {
        guard let value = self[name] else { return nil }
        guard !value.isEmpty else {
            throw SettingsError("the variable \(name) is empty: give it a value, or unset it")
        }
        // exact: code points are compared
        guard !value.unicodeScalars.contains("\u{FFFD}") else {
            throw SettingsError("the variable \(name) is not UTF-8 text")
        }
        return value
    }
}
