public import CombinedConfiguration
public import YAML

/// Values for the configuration of some services; blocks of all files are combined in their sort order.
public struct ConfigBlock: Sendable, Hashable {
    public var target: Target
    public var block: ConfigurationBlock
    public var position: YAMLPosition

    /// The services a block is for.
    public enum Target: Sendable, Hashable {
        /// `common`: all.
        case all
        case types(Set<String>)

        /// Whether it is for services of a type.
        package func contains(_ type: String) -> Bool {
            switch self {
            case .all: true
            case .types(let types): types.contains(type)
            }
        }
    }
}
