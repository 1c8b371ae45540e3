public import CombinedConfiguration
public import YAML

/// Values for the configuration of some services. The blocks of all files are combined in their sort order.
public struct ConfigBlock: Sendable, Hashable {
    public var target: Target
    public var block: ConfigurationBlock
    /// The place where the block begins.
    public var position: YAMLPosition

    /// The services a block is for.
    public enum Target: Sendable, Hashable {
        /// `common`: all services.
        case all
        /// The services of some types.
        case types(Set<String>)

        /// Whether the block is for services of the type.
        package func contains(_ type: String) -> Bool {
            switch self {
            case .all: true
            case .types(let types): types.contains(type)
            }
        }
    }
}
