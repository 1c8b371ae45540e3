import Text

/// The names of a program's settings. A setting has one name in all places: it is the key in the configuration file
/// (`section.key` for a key of a mapping), the flag, and, in capitals, the variable.
public protocol SettingKey: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// What the program's variables begin with: `PORTCULLIS_ADMIN_`.
    static var variablePrefix: String { get }
}

extension SettingKey {
    /// The variable of the environment: `PORTCULLIS_ADMIN_TLS_KEY` for `tls-key`.
    public var variable: String {
        Self.variablePrefix + rawValue.uppercased().replacingByte("-", with: "_").replacingByte(".", with: "_")
    }

    /// The mapping of the file that the key stands in; `nil` for a key at the top.
    var section: String? {
        let parts = rawValue.splitBytes(".")
        return parts.count > 1 ? String(parts[0]) : nil
    }

    /// The key within its mapping.
    var nameInSection: String { rawValue.splitBytes(".").last.map(String.init) ?? rawValue }
}
