public import YAML

/// Values for the configuration of some services; blocks of all files are combined in `sortOrder`.
public struct ConfigBlock: Sendable, Hashable {
    public var sortOrder: Int
    public var target: Target
    /// A mapping, as it was written.
    public var values: YAMLNode
    public var position: YAMLPosition

    /// The services a block is for.
    public enum Target: Sendable, Hashable {
        /// `common`: all.
        case all
        case types(Set<String>)
    }
}
