import Text
import YAML

/// The values of a tree to which `${config.…}` refers. They are found once for all services, since neither their
/// places nor their chains depend on variables. Cost: grows with the size of the parts of the tree that have
/// references.
struct ConfigurationReferences: Sendable, Hashable {
    /// Every existing value to which another refers.
    private(set) var targets: [ConfigurationPath: ConfigurationNode] = [:]
    /// Values that cannot be resolved, since they are part of a cycle or of too long a chain; `errors` has the
    /// reasons.
    private(set) var blocked: Set<ConfigurationPath> = []
    private(set) var errors: [ConfigurationError] = []
    /// The resolved values of those that need no variable.
    private(set) var constants: [ConfigurationPath: ConstantValue] = [:]

    /// The greatest length of a chain of references.
    static let longestChain = 64

    init(in root: ConfigurationNode, _ index: NodeIndex) {
        var walk = ReferenceWalk(index: index)
        walk.visit(root)
        (targets, blocked, errors) = (walk.targets, walk.blocked, walk.errors)
        var room = ConfigurationTemplate.largest
        for path in walk.order where !blocked.contains(path) {
            guard let value = targets[path].flatMap({ ConstantValue($0, constants, targets) }) else { continue }
            room -= value.size
            // The configuration is too large then, which is reported for each service.
            guard room >= 0 else { break }
            constants[path] = value
        }
    }
}

/// Follows references depth first, without recursion: a chain may be as long as the file.
private struct ReferenceWalk {
    let index: NodeIndex
    var targets: [ConfigurationPath: ConfigurationNode] = [:]
    var blocked: Set<ConfigurationPath> = []
    var errors: [ConfigurationError] = []
    /// Values in the order in which they were completed; a value comes after those to which it refers.
    var order: [ConfigurationPath] = []
    /// The length of the chain from each value on; `nil` while it is being determined.
    private var lengths: [ConfigurationPath: Int?] = [:]
    private var open: [Step] = []

    init(index: NodeIndex) { self.index = index }

    private struct Step {
        let path: ConfigurationPath
        let node: ConfigurationNode
        let references: [(reference: Reference, path: ConfigurationPath)]
        var next = 0
        var length = 1
        var isBlocked = false
    }

    mutating func visit(_ node: ConfigurationNode) {
        guard node.needs.contains(.configuration) else { return }
        switch node.content {
        case .mapping(let pairs): for pair in pairs { visit(pair.value) }
        case .list(let items): for item in items { visit(item) }
        case .scalar, .secret: break
        case .reference, .text:
            for (_, path) in node.configurationReferences where lengths[path] == nil { follow(path) }
        }
    }

    private mutating func follow(_ path: ConfigurationPath) {
        begin(path)
        while let step = open.last {
            guard step.next < step.references.count else {
                end()
                continue
            }
            let (reference, path) = step.references[step.next]
            open[open.count - 1].next += 1
            switch lengths[path] {
            case nil: begin(path)
            case .some(nil): reportCircle(at: path, reference, step.node)
            case .some(let length?): add(length, path)
            }
        }
    }

    private mutating func begin(_ path: ConfigurationPath) {
        guard let node = index[path] else { return }
        targets[path] = node
        lengths[path] = .some(nil)
        open.append(Step(path: path, node: node, references: node.configurationReferences))
    }

    private mutating func end() {
        var step = open.removeLast()
        if !step.isBlocked, step.length > ConfigurationReferences.longestChain {
            step.isBlocked = true
            errors.append(
                ConfigurationError(
                    step.node.origin.position,
                    "\"\(step.path.dotted)\" refers to another value, that to the next, and so on; at most "
                        + "\(ConfigurationReferences.longestChain) may do so in a row"))
        }
        if step.isBlocked { blocked.insert(step.path) }
        lengths[step.path] = step.length
        order.append(step.path)
        if !open.isEmpty { add(step.length, step.path) }
    }

    /// Notes that the last value on the way refers to another.
    private mutating func add(_ length: Int, _ path: ConfigurationPath) {
        let last = open.count - 1
        open[last].length = max(open[last].length, length + 1)
        if blocked.contains(path) { open[last].isBlocked = true }
    }

    private mutating func reportCircle(at path: ConfigurationPath, _ reference: Reference, _ node: ConfigurationNode) {
        open[open.count - 1].isBlocked = true
        let start = open.lastIndex { $0.path == path } ?? 0
        let way = open[start...].map(\.path.dotted)
        let shown = way.count <= 10 ? way : way.prefix(5) + ["…"] + way.suffix(4)
        errors.append(
            ConfigurationError(
                node.origin.position,
                "\"\(reference)\" leads back to itself: \((shown + [path.dotted]).joined(separator: " → "))"))
    }
}

extension ConfigurationNode {
    /// The values of the configuration to which this value itself refers.
    fileprivate var configurationReferences: [(reference: Reference, path: ConfigurationPath)] {
        let references: [Reference] =
            switch content {
            case .reference(let reference, _): [reference]
            case .text(let parts):
                parts.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
            default: []
            }
        return references.compactMap { reference in
            if case .configuration(let path) = reference.variable { (reference, path) } else { nil }
        }
    }
}
