import Text
public import YAML

extension BlockValue {
    /// Reads the `values` of a block, which must be a mapping. Reports faults, each with its place.
    public init?(reading node: YAMLNode, _ diagnostics: inout YAMLDiagnostics) {
        guard node.tag == nil, case .mapping(let pairs) = node.content else {
            diagnostics.report(node.unexpected("a mapping of values"))
            return nil
        }
        var reader = BlockReader(diagnostics: diagnostics)
        let value = reader.mapping(pairs, of: node, marker: nil, inList: false)
        reader.checkWorkers(pairs)
        diagnostics = reader.diagnostics
        self = value
    }
}

/// Reads the values of one block, and continues after a fault.
private struct BlockReader {
    var diagnostics: YAMLDiagnostics

    /// - Parameter inList: whether the node is inside an item of a list. Such items are always new, so there is
    ///   nothing to append to, to replace or to delete.
    mutating func value(_ node: YAMLNode, inList: Bool) -> BlockValue? {
        let marker = node.tag.flatMap(ConfigurationMarker.init)
        switch marker {
        case .secret: return secret(node, .text)
        case .base64Secret: return secret(node, .base64)
        case .delete, .append, .replace:
            guard !inList else {
                diagnostics.report(
                    node.position, "an item of a list is new as a whole; \(node.tag ?? "") has no meaning in it")
                return nil
            }
            return marker == .delete ? deletion(node) : marked(node, marker)
        case nil: return unmarked(node, inList: inList)
        }
    }

    private mutating func unmarked(_ node: YAMLNode, inList: Bool) -> BlockValue? {
        switch node.content {
        case .mapping(let pairs): mapping(pairs, of: node, marker: nil, inList: inList)
        case .sequence(let items): list(items, of: node, marker: nil)
        case .scalar(let scalar): self.scalar(scalar, at: node.position, marker: nil)
        }
    }

    private mutating func marked(_ node: YAMLNode, _ marker: ConfigurationMarker?) -> BlockValue? {
        switch node.content {
        case .sequence(let items): return list(items, of: node, marker: marker)
        case .mapping(let pairs) where marker == .replace:
            return mapping(pairs, of: node, marker: marker, inList: false)
        case .scalar(let scalar):
            guard let value = self.scalar(scalar, at: node.position, marker: marker) else { return nil }
            if case .scalar(.reference(let reference)) = value.content, reference.variable.kind == .list {
                return value
            }
            fallthrough
        case .mapping:
            let takers = marker == .append ? "a list" : "a list or a mapping"
            diagnostics.report(
                node.position, "\(marker?.rawValue ?? "") is for \(takers), not for \(node.untagged.summary)")
            return nil
        }
    }

    private mutating func deletion(_ node: YAMLNode) -> BlockValue? {
        guard node.untagged.isNull else {
            diagnostics.report(node.position, "!delete stands alone, not before \(node.untagged.summary)")
            return nil
        }
        let nothing = ScalarTemplate.literal(YAMLScalar(text: "", isPlain: true))
        return BlockValue(content: .scalar(nothing), marker: .delete, position: node.position)
    }

    private mutating func secret(_ node: YAMLNode, _ form: SecretReference.Form) -> BlockValue? {
        guard let name = node.scalar?.text, SecretName.isValid(name) else {
            diagnostics.report(
                node.position,
                "\(node.tag ?? "") stands before the name of a secret, not before \(node.untagged.summary)")
            return nil
        }
        return BlockValue(
            content: .secret(SecretReference(name: name, form: form)), marker: nil, position: node.position)
    }

    mutating func mapping(
        _ pairs: [YAMLPair], of node: YAMLNode, marker: ConfigurationMarker?, inList: Bool
    ) -> BlockValue {
        let read = pairs.compactMap { pair -> BlockValue.Pair? in
            guard pair.key.text.firstBytes("${") == nil else {
                diagnostics.report(pair.key.position, "a key has no variables; only values have")
                return nil
            }
            return value(pair.value, inList: inList).map { BlockValue.Pair(key: pair.key.text, value: $0) }
        }
        return BlockValue(content: .mapping(read), marker: marker, position: node.position)
    }

    private mutating func list(_ items: [YAMLNode], of node: YAMLNode, marker: ConfigurationMarker?) -> BlockValue {
        let read = items.compactMap { value($0, inList: true) }
        return BlockValue(content: .list(read), marker: marker, position: node.position)
    }

    private mutating func scalar(
        _ scalar: YAMLScalar, at position: YAMLPosition, marker: ConfigurationMarker?
    ) -> BlockValue? {
        if case .number(let number) = scalar.resolved, !number.isFinite {
            diagnostics.report(position, "\(scalar.text) has no form in JSON")
            return nil
        }
        return diagnostics.attempt { () throws(YAMLError) in
            BlockValue(
                content: .scalar(try ScalarTemplate(scalar, at: position)), marker: marker, position: position)
        }
    }

    /// Checks `workers` as far as possible without the values of variables.
    mutating func checkWorkers(_ pairs: [YAMLPair]) {
        guard let node = pairs.first(where: { $0.key.text.isExactly(Workers.key) })?.value,
            node.tag != ConfigurationMarker.delete.rawValue, !node.isNull,
            node.scalar?.text.firstBytes("${") == nil
        else { return }
        _ = diagnostics.attempt { () throws(YAMLError) in try node.integer(Workers.what, in: Workers.range) }
    }
}

extension YAMLNode {
    /// The node without its tag.
    fileprivate var untagged: YAMLNode { YAMLNode(content, at: position) }
}
