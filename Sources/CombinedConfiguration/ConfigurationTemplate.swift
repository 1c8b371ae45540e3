import Text
import YAML

/// The merged blocks for the services of one type: the configuration of each service, except for its variables.
public struct ConfigurationTemplate: Sendable, Hashable {
    /// The merged values. Values that need no variable of a service are resolved.
    public let root: ConfigurationNode
    /// Values that blocks have deleted and none has added again, in the order of the blocks.
    public let deleted: [DeletedValue]
    /// Conflicts between the blocks, up to `mostErrors`.
    public let errors: [ConfigurationError]
    /// The variables that it needs, except for those that refer to its own values.
    public let variables: Set<Variable>
    /// The names of the secrets that it needs, each with the place of its first use.
    // exact: SecretName is ASCII
    public let secrets: [String: ConfigurationNode.Origin]
    /// Those of the secrets that must be texts, each with the place of its first use as one.
    // exact: SecretName is ASCII
    let textSecrets: [String: ConfigurationNode.Origin]

    /// The values to which others refer.
    let references: ConfigurationReferences

    /// The greatest size of a text with all its variables, in bytes: texts that contain other texts can become huge.
    static let longestText = 64 << 10

    /// The greatest number of errors for one template or one service; a longer list would not help.
    static let mostErrors = 100

    /// Merges blocks, which may be in any order.
    ///
    /// - Parameter type: the service type, whose file counts as the origin of an empty configuration.
    public init(merging blocks: some Sequence<ConfigurationBlock>, type: String) {
        var merger = BlockMerger()
        for block in blocks.sorted(by: { $0.id < $1.id }) { merger.merge(block) }
        let merged =
            merger.root?.node
            ?? ConfigurationNode(
                .mapping([]),
                from: .init(
                    .init(file: "\(type).yaml", line: 1, column: 1), BlockID(type: type, sortOrder: 0, number: 0)))
        let index = NodeIndex(merged)
        var kinds = KindFinder(index)
        deleted = merger.deleted.filter { index[$0.path] == nil }
        references = ConfigurationReferences(in: merged, index)
        root = merged.puttingInConstants(references)
        errors = Array(
            (merger.errors + merger.undecided.compactMap { $0.problem(&kinds) } + references.errors)
                .prefix(Self.mostErrors))
        var needs = TemplateNeeds()
        needs.add(merged)
        variables = needs.variables
        secrets = needs.secrets
        textSecrets = needs.textSecrets
    }
}

/// What a template needs.
private struct TemplateNeeds {
    var variables: Set<Variable> = []
    // exact: SecretName is ASCII
    var secrets: [String: ConfigurationNode.Origin] = [:]
    // exact: SecretName is ASCII
    var textSecrets: [String: ConfigurationNode.Origin] = [:]

    mutating func add(_ node: ConfigurationNode) {
        guard !node.needs.isDisjoint(with: [.variable, .secret]) else { return }
        switch node.content {
        case .scalar: break
        case .mapping(let pairs): pairs.forEach { add($0.value) }
        case .list(let items): items.forEach { add($0) }
        case .secret(let secret):
            if secrets[secret.name] == nil { secrets[secret.name] = node.origin }
            if secret.form == .text, textSecrets[secret.name] == nil { textSecrets[secret.name] = node.origin }
        case .reference(let reference, _): add(reference)
        case .text(let parts): for case .reference(let reference) in parts { add(reference) }
        }
    }

    private mutating func add(_ reference: Reference) {
        if case .configuration = reference.variable { return }
        variables.insert(reference.variable)
    }
}
