import Times
import AdminAPI
import Cloud
import Names
import Text
import Versions
import YAML

/// The settings of node.yaml that are lists or mappings.
enum ListKey: String, CaseIterable {
    case trustedKeys = "trusted-keys"
    case allowUsers = "allow-users"
    case logTargetExcept = "log-target-except"
    case drives
    // After the users, since it may name them.
    case builds

    /// Reads the value. What is wrong with it is reported at its place.
    func set(_ node: YAMLNode, in configuration: inout NodeConfiguration, _ diagnostics: inout YAMLDiagnostics) {
        guard !node.isNull else { return }
        switch self {
        case .trustedKeys:
            let nodes = diagnostics.attempt { () throws(YAMLError) in try node.sequence("a list of keys") } ?? []
            for node in nodes {
                let key = diagnostics.attempt { () throws(YAMLError) in try Self.key(node) }
                if let key { configuration.trustedKeys.keys.append(key) }
            }
        case .allowUsers:
            let nodes = diagnostics.attempt { () throws(YAMLError) in try node.sequence("a list of users") } ?? []
            for node in nodes {
                let user = diagnostics.attempt { () throws(YAMLError) in
                    let name = try node.string("the name of a user")
                    if let problem = UserName.problem(with: name) {
                        throw YAMLError(node.position, "\(name.printed()) \(problem)")
                    }
                    return name
                }
                if let user { configuration.allowedUsers.insert(ExactText(user)) }
            }
        case .logTargetExcept:
            let nodes = diagnostics.attempt { () throws(YAMLError) in try node.sequence("a list of types") } ?? []
            for node in nodes {
                let type = diagnostics.attempt { () throws(YAMLError) in
                    let name = try node.string("the name of a type")
                    if let problem = ObjectName.problem(with: name, as: .type) {
                        throw YAMLError(node.position, "\(name.printed()) is no name of a type: it \(problem)")
                    }
                    return name
                }
                if let type { configuration.unsentTypes.insert(ExactText(type)) }
            }
        case .drives:
            let mapping = diagnostics.attempt { () throws(YAMLError) in
                try node.mapping("a mapping of names to directories")
            }
            for pair in mapping?.pairs ?? [] {
                let path = diagnostics.attempt { () throws(YAMLError) in
                    let path = try pair.value.string("the path of a directory")
                    guard path.hasBytePrefix("/"), path.utf8.count > 1 else {
                        throw YAMLError(pair.value.position, "\(path.printed()) is no absolute path of a directory")
                    }
                    return path
                }
                if let path { configuration.drives[ExactText(pair.key.text)] = path }
            }
        case .builds:
            let mapping = diagnostics.attempt { () throws(YAMLError) in
                try node.mapping("a mapping of types to how they are built")
            }
            guard let pairs = mapping?.pairs else { return }
            guard pairs.count <= Limits.builtTypes else {
                return diagnostics.report(node.position, "more than \(Limits.builtTypes) types")
            }
            for pair in pairs {
                if let problem = ObjectName.problem(with: pair.key.text, as: .type) {
                    let name = pair.key.text.printed()
                    diagnostics.report(pair.key.position, "\(name) is no name of a type: it \(problem)")
                } else if let entry = BuildEntry.read(pair.value, configuration.allowedUsers, &diagnostics) {
                    configuration.builds[ExactText(pair.key.text)] = entry
                }
            }
        }
    }

    private static func key(_ node: YAMLNode) throws(YAMLError) -> TrustedKey {
        let mapping = try node.mapping(allowedKeys: ["key", "name", "not-after", "types"], "a key")
        let text = try mapping.required("key")
        guard let key = PublicKey(try text.string("a public key")) else {
            throw YAMLError(
                text.position, "this is no public key: ed25519: and 32 bytes in Base64 (portcullis keys show)")
        }
        var trusted = TrustedKey(key: key)
        if let name = mapping["name"] { trusted.name = try name.string("the name of a key") }
        if let end = mapping["not-after"] {
            let text = try end.text("a time")
            guard let date = InternetTime.date(text) else {
                throw YAMLError(end.position, "\(text.printed()) is no time as 2027-01-31T00:00:00Z")
            }
            trusted.end = date
        }
        if let types = mapping["types"] {
            var names = Set<ExactText>()
            for type in try types.sequence("a list of types") {
                let name = try type.string("the name of a type")
                if let problem = ObjectName.problem(with: name, as: .type) {
                    throw YAMLError(type.position, "\(name.printed()) is no name of a type: it \(problem)")
                }
                names.insert(ExactText(name))
            }
            trusted.types = names
        }
        return trusted
    }
}
