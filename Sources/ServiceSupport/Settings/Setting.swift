package import YAML

/// The text that was given for a setting, and where.
package struct Setting<Key: SettingKey>: Sendable {
    package let key: Key
    package let text: String
    package let place: SettingPlace
}

/// Where a setting was given. Its description is what an error about the setting begins with.
package enum SettingPlace: Sendable, CustomStringConvertible {
    case file(YAMLPosition)
    case variable(String)
    /// A flag, by its name without the dashes.
    case flag(String)
    /// `--set`, by the name of the setting.
    case assignment(String)

    /// `/etc/portcullis/admin.yaml:2:9`, `PORTCULLIS_ADMIN_LISTEN`, `--listen`, `--set sync.id`
    package var description: String {
        switch self {
        case .file(let position): position.description
        case .variable(let name): name
        case .flag(let name): "--\(name)"
        case .assignment(let name): "--set \(name)"
        }
    }
}
