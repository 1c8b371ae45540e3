import SystemPackage
package import YAML

/// A program's configuration file: a mapping of settings, some of them in mappings of their own.
package struct SettingsFile: Sendable {
    /// What errors call it.
    package let path: String
    /// Bytes, of which the reader of YAML says where they are no text.
    private let bytes: [UInt8]

    package init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }

    private init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    /// Bytes that are read at most.
    private static let maximumSize = 1 << 20

    /// The file that was named on the command line, or else the one at `standard`, if there is one.
    package static func find(_ named: String?, else standard: String) throws(FileError) -> SettingsFile? {
        let path = named ?? standard
        guard let bytes = try Files.read(path, limit: maximumSize) else {
            guard named == nil else { throw FileError("read", path, .system(.noSuchFileOrDirectory)) }
            return nil
        }
        return SettingsFile(path: path, bytes: bytes)
    }

    /// The settings in the file. Reports what is no YAML, unknown keys, values that are no text, and a second document.
    package func settings<Key: SettingKey>(
        of _: Key.Type = Key.self, _ diagnostics: inout YAMLDiagnostics
    ) -> [Setting<Key>] {
        content(of: Key.self, beside: [], &diagnostics).settings
    }

    /// The settings in the file, and the values of keys that are no settings with one text, which the caller reads.
    package func content<Key: SettingKey>(
        of _: Key.Type = Key.self, beside others: [String], _ diagnostics: inout YAMLDiagnostics
    ) -> (settings: [Setting<Key>], others: [String: YAMLNode]) {
        let documents = diagnostics.attempt { () throws(YAMLError) in try YAMLDocument.parse(bytes, file: path) }
        if let documents, documents.count > 1 {
            diagnostics.report(documents[1].position, "a second document; this file must have one")
        }
        // A file of comments only is a file without settings.
        guard let node = documents?.first, !node.isNull else { return ([], [:]) }
        let keys = Dictionary(grouping: Key.allCases) { $0.section }
        let sections = keys.keys.compactMap(\.self).sorted()
        guard
            let mapping = diagnostics.mapping(
                node, allowedKeys: (keys[nil] ?? []).map(\.rawValue) + sections + others, "a mapping of settings")
        else { return ([], [:]) }
        var settings = Self.settings(in: mapping, of: keys[nil] ?? [], &diagnostics)
        for section in sections {
            let keys = keys[section] ?? []
            let names = keys.map(\.nameInSection)
            guard let node = mapping[section],
                let nested = diagnostics.mapping(
                    node, allowedKeys: names, "a mapping of \(names.joined(separator: ", "))")
            else { continue }
            settings += Self.settings(in: nested, of: keys, &diagnostics)
        }
        var nodes: [String: YAMLNode] = [:]
        for name in others { nodes[name] = mapping[name] }
        return (settings, nodes)
    }

    /// The settings in the file.
    /// - Throws: what is no YAML, all unknown keys, values that are no text, and a second document.
    package func settings<Key: SettingKey>(of keys: Key.Type = Key.self) throws(YAMLErrors) -> [Setting<Key>] {
        var diagnostics = YAMLDiagnostics()
        let settings = settings(of: keys, &diagnostics)
        try diagnostics.finish()
        return settings
    }

    /// The settings among the keys of a mapping.
    package static func settings<Key: SettingKey>(
        in mapping: YAMLMapping, of keys: [Key], _ diagnostics: inout YAMLDiagnostics
    ) -> [Setting<Key>] {
        keys.compactMap { key in
            guard let node = mapping[key.nameInSection],
                let text = diagnostics.optional(node, { node throws(YAMLError) in try node.text() })
            else { return nil }
            return Setting(key: key, text: text, place: .file(node.position))
        }
    }
}
