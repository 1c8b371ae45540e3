import Text
import YAML

/// A value with `${config.…}` that is the same for all services.
enum ConstantValue: Sendable, Hashable {
    case scalar(YAMLScalar)
    case secret(SecretReference)

    /// `nil` if the value needs a variable, or has a fault, which is reported when it is resolved for a service.
    ///
    /// - Parameters:
    ///   - constants: the constants to which the value may refer.
    ///   - targets: every existing value to which another refers.
    init?(
        _ node: ConfigurationNode, _ constants: [ConfigurationPath: ConstantValue],
        _ targets: [ConfigurationPath: ConfigurationNode]
    ) {
        func value(_ reference: Reference) -> ConstantValue? {
            guard case .configuration(let path) = reference.variable else { return nil }
            guard targets[path] == nil else { return constants[path] }
            if case .scalar(let scalar)? = reference.fallback { return .scalar(scalar) }
            return nil
        }
        switch node.content {
        case .scalar(let scalar): self = .scalar(scalar)
        case .secret(let secret): self = .secret(secret)
        case .reference(let reference, spliced: false):
            guard let value = value(reference) else { return nil }
            self = value
        case .text(let parts):
            var text = ""
            for part in parts {
                switch part {
                case .literal(let literal): text += literal
                case .reference(let reference):
                    guard case .scalar(let scalar)? = value(reference), scalar.resolved != .null else { return nil }
                    text += scalar.text
                }
                guard text.utf8.count <= ConfigurationTemplate.longestText else { return nil }
            }
            self = .scalar(YAMLScalar(text: text, isPlain: false))
        case .mapping, .list, .reference: return nil
        }
    }

    /// The size in bytes.
    var size: Int {
        switch self {
        case .scalar(let scalar): scalar.text.utf8.count
        case .secret(let secret): secret.name.utf8.count
        }
    }
}

extension ConfigurationNode {
    /// The tree with everything resolved that needs no variable, once for all services.
    func puttingInConstants(_ references: ConfigurationReferences) -> ConfigurationNode {
        var room = ConfigurationTemplate.largest
        return puttingInConstants(references, &room)
    }

    private func puttingInConstants(_ references: ConfigurationReferences, _ room: inout Int) -> ConfigurationNode {
        guard needs.contains(.configuration), room >= 0 else { return self }
        switch content {
        case .mapping, .list: return mapping { $0.puttingInConstants(references, &room) }
        case .reference, .text:
            guard let value = ConstantValue(self, references.constants, references.targets) else { return self }
            room -= value.size
            switch value {
            case .scalar(let scalar): return ConfigurationNode(.scalar(scalar), from: origin, over: overridden)
            case .secret(let secret): return ConfigurationNode(.secret(secret), from: origin, over: overridden)
            }
        case .scalar, .secret: return self
        }
    }
}
