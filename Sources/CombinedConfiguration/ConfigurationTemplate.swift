import Text
import YAML

/// The blocks that go to the services of one type, merged: the configuration of each of them but for the variables.
public struct ConfigurationTemplate: Sendable, Hashable {
    public let root: ConfigurationNode
    /// What blocks have taken out and none has put back, in the order of the blocks.
    public let deleted: [DeletedValue]
    /// What does not go together, up to `mostErrors`.
    public let errors: [ConfigurationError]
    /// The variables it needs, but for other values of its own.
    public let variables: Set<Variable>
    /// The names of the secrets it needs, each with the place of its first use.
    // exact: SecretName is ASCII
    public let secrets: [String: ConfigurationNode.Origin]

    /// The values that others refer to.
    let references: ConfigurationReferences

    /// Bytes of a text with all its variables: texts that contain others can grow beyond measure.
    static let longestText = 64 << 10

    /// Errors that are kept of one template, or of one service: a file with more is not helped by a longer list.
    static let mostErrors = 100

    /// Merges blocks, in whatever order they are given.
    ///
    /// - Parameter type: The service type: an empty configuration is its own.
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
    }
}

/// What a template asks for.
private struct TemplateNeeds {
    var variables: Set<Variable> = []
    // exact: SecretName is ASCII
    var secrets: [String: ConfigurationNode.Origin] = [:]

    mutating func add(_ node: ConfigurationNode) {
        guard !node.needs.isDisjoint(with: [.variable, .secret]) else { return }
        switch node.content {
        case .scalar: break
        case .mapping(let pairs): pairs.forEach { add($0.value) }
        case .list(let items): items.forEach { add($0) }
        case .secret(let name): if secrets[name] == nil { secrets[name] = node.origin }
        case .reference(let reference, _): add(reference)
        case .text(let parts): for case .reference(let reference) in parts { add(reference) }
        }
    }

    private mutating func add(_ reference: Reference) {
        if case .configuration = reference.variable { return }
        variables.insert(reference.variable)
    }
}
