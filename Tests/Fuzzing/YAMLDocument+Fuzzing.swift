public import YAML

extension YAMLDocument {
    /// Reads bytes that may be anything: an entry for fuzzers.
    ///
    /// - Returns: whether they are YAML.
    /// - Precondition: reading never crashes, errors have a place, limits hold, and what was read is the same after it
    ///   was written and read again.
    @discardableResult
    public static func fuzz(_ bytes: [UInt8], allowedTags: Set<String> = []) -> Bool {
        var limits = YAMLLimits()
        limits.nodes = 10_000
        let documents: [YAMLNode]
        do throws(YAMLError) {
            documents = try parse(bytes, file: "fuzz", allowedTags: allowedTags, limits: limits)
        } catch {
            precondition(error.position.line >= 1 && error.position.line <= bytes.count + 1, "\(error)")
            precondition(error.position.column >= 1 && error.position.column <= bytes.count + 1, "\(error)")
            precondition(!error.message.isEmpty)
            return false
        }
        for document in documents {
            let (nodes, height) = document.extent
            precondition(nodes <= limits.nodes && height <= limits.depth, "\(nodes) nodes, \(height) levels")
            _ = document.summary
            let text = document.yamlText()
            // Escapes and repeated aliases may make a text longer than the one it came from.
            var wider = YAMLLimits()
            wider.size = .max
            do throws(YAMLError) {
                let again = try parseOne(text, file: "again", allowedTags: allowedTags, limits: wider)
                precondition(again.hasSameValue(as: document), "written and read again, it is another value: \(text)")
            } catch {
                preconditionFailure("\(error) in what was written: \(text)")
            }
        }
        return true
    }
}

extension YAMLNode {
    /// Nodes with keys, and lists and mappings inside one another.
    fileprivate var extent: (nodes: Int, height: Int) {
        switch content {
        case .scalar: (1, 0)
        case .sequence(let items):
            items.reduce((nodes: 1, height: 1)) { total, item in
                let inner = item.extent
                return (total.nodes + inner.nodes, max(total.height, inner.height + 1))
            }
        case .mapping(let pairs):
            pairs.reduce((nodes: 1, height: 1)) { total, pair in
                let inner = pair.value.extent
                return (total.nodes + 1 + inner.nodes, max(total.height, inner.height + 1))
            }
        }
    }
}
