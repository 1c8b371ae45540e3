import Names
import ServiceSupport
import Text
import YAML

/// The operator's configuration file. It has the settings of one ADMIN at its top, or those of several as contexts.
struct OperatorFile {
    /// The settings of one ADMIN under a name.
    struct Context {
        let name: String
        let settings: [Setting<ConnectionKey>]
    }

    /// What errors call it.
    let path: String
    /// The settings at the top.
    let settings: [Setting<ConnectionKey>]
    /// The contexts in the order of the file.
    let contexts: [Context]
    /// The name after `context`, and its place.
    let current: (name: String, position: YAMLPosition)?
    /// The place of the key `contexts`.
    let contextsPosition: YAMLPosition?

    private static let currentKey = "context"
    private static let contextsKey = "contexts"

    /// Throws all that is wrong with the text, with line and column.
    init(path: String, text: String) throws(YAMLErrors) {
        self.path = path
        var diagnostics = YAMLDiagnostics()
        let documents = diagnostics.attempt { () throws(YAMLError) in
            try YAMLDocument.parse(Array(text.utf8), file: path)
        }
        if let documents, documents.count > 1 {
            diagnostics.report(documents[1].position, "a second document; this file must have one")
        }
        let keys = ConnectionKey.allCases.map(\.rawValue)
        var mapping: YAMLMapping?
        if let node = documents?.first, !node.isNull {
            mapping = diagnostics.mapping(
                node, allowedKeys: keys + [Self.currentKey, Self.contextsKey], "a mapping of settings")
        }
        settings = mapping.map { SettingsFile.settings(in: $0, of: ConnectionKey.allCases, &diagnostics) } ?? []
        let name = mapping?[Self.currentKey].flatMap { node in
            diagnostics.optional(node) { node throws(YAMLError) in (name: try node.text(), position: node.position) }
        }
        current = name
        contextsPosition = mapping.flatMap { $0[Self.contextsKey] == nil ? nil : $0.keyPosition(Self.contextsKey) }
        contexts = Self.contexts(mapping?[Self.contextsKey], keys, &diagnostics)
        if let mapping, contextsPosition != nil {
            for key in keys where mapping[key] != nil {
                diagnostics.report(
                    mapping.keyPosition(key), "with \"\(Self.contextsKey)\", \"\(key)\" stands in one of them")
            }
        } else if let name {
            diagnostics.report(
                name.position, "\"\(Self.currentKey)\" is one of the \"\(Self.contextsKey)\", and there are none")
        }
        try diagnostics.finish()
    }

    private static func contexts(
        _ node: YAMLNode?, _ keys: [String], _ diagnostics: inout YAMLDiagnostics
    ) -> [Context] {
        guard let node, !node.isNull,
            let names = diagnostics.attempt({ () throws(YAMLError) in try node.mapping("contexts by their names") })
        else { return [] }
        return names.pairs.compactMap { pair in
            let name = pair.key.text
            if let problem = ObjectName.problem(with: name, as: .context) {
                diagnostics.report(pair.key.position, "the name of a context \(problem)")
            }
            guard let mapping = diagnostics.mapping(pair.value, allowedKeys: keys, "a mapping of settings") else {
                return nil
            }
            let settings = SettingsFile.settings(in: mapping, of: ConnectionKey.allCases, &diagnostics)
            if mapping[ConnectionKey.adminURL.rawValue] == nil {
                diagnostics.report(
                    pair.key.position, "the context \(name.printable) has no \"\(ConnectionKey.adminURL.rawValue)\"")
            }
            return Context(name: name, settings: settings)
        }
    }

    /// A context by its name.
    func context(_ name: String) -> Context? { contexts.first { $0.name.isExactly(name) } }

    /// The context of a name that was given elsewhere.
    /// - Parameter place: where the name stands, for the error: `--context`.
    func context(_ name: String, namedBy place: String) throws(CommandError) -> Context {
        if let context = context(name) { return context }
        throw Self.missing(name, place, contexts.map(\.name), path)
    }

    /// The error about a context that does not exist.
    static func missing(_ name: String, _ place: String, _ names: [String], _ path: String) -> CommandError {
        let near = nearest(to: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        return CommandError(
            "\(place): there is no context \(name.printed(atMost: 80))\(near)",
            hint: names.isEmpty ? "\(path) has none." : "\(path) has \(names.joined(separator: ", ")).")
    }
}
