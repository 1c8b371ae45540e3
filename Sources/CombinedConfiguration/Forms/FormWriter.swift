import JSON
import Text
import YAML

/// Writes the form of a template. Cost: grows with the size of the template.
struct FormWriter {
    private let references: ConfigurationReferences
    private var writer = JSONWriter()
    private var steps: [FormStep] = []
    /// The beginning of the constant bytes that are not part of a step yet.
    private var start = 0
    private(set) var slots: [FormSlot] = []
    private(set) var texts = FormTexts()
    /// Whether every reference has a value. If one has none, resolving the template reports it.
    private(set) var isComplete = true
    private var slotOfReference: [Reference: Int] = [:]
    private var slotOfPath: [ConfigurationPath: Int] = [:]

    init(_ references: ConfigurationReferences) { self.references = references }

    var constants: [UInt8] { writer.bytes }

    /// The steps after the head, and the end of the head in the constant bytes.
    mutating func finish() -> (steps: [FormStep], headEnd: Int) {
        flush()
        guard case .constant(let range)? = steps.first else { return (steps, 0) }
        return (Array(steps.dropFirst()), range.upperBound)
    }

    mutating func add(_ node: ConfigurationNode) {
        guard !node.isConstant else {
            writer.write(node)
            return
        }
        switch node.content {
        case .scalar, .secret: writer.write(node)
        case .mapping(let pairs):
            write("{")
            for (index, pair) in pairs.enumerated() {
                if index > 0 { write(",") }
                writer.write(pair.key)
                write(":")
                add(pair.value)
            }
            write("}")
        case .list(let items): add(items)
        case .reference(let reference, _): if let slot = slot(reference) { step(.value(slot)) }
        case .text(let parts):
            write("\"")
            let (literal, slots) = add(parts)
            texts.add(literal: literal, slots)
            write("\"")
        }
    }

    private mutating func add(_ items: [ConfigurationNode]) {
        write("[")
        let hasSplices = items.contains { if case .reference(_, spliced: true) = $0.content { true } else { false } }
        for (index, item) in items.enumerated() {
            if case .reference(let reference, spliced: true) = item.content {
                if let slot = slot(reference) { step(.items(slot)) }
                continue
            }
            if hasSplices { step(.separator) } else if index > 0 { write(",") }
            add(item)
        }
        write("]")
    }

    /// Writes a text without its quotes.
    ///
    /// - Returns: how many bytes of it are constant, and the slots of its variables.
    private mutating func add(_ parts: [ScalarTemplate.Part]) -> (literal: Int, slots: [Int]) {
        var (literal, slots) = (0, [Int]())
        for part in parts {
            switch part {
            case .literal(let text):
                literal += text.utf8.count
                writer.writeEscaped(text)
            case .reference(let reference):
                guard let slot = slot(reference) else { continue }
                slots.append(slot)
                step(.text(slot))
            }
        }
        return (literal, slots)
    }

    private mutating func write(_ text: StaticString) { writer.write(raw: text) }

    private mutating func step(_ step: FormStep) {
        flush()
        steps.append(step)
    }

    private mutating func flush() {
        guard start < writer.bytes.count else { return }
        steps.append(.constant(start..<writer.bytes.count))
        start = writer.bytes.count
    }

    /// The slot for a reference. It follows chains of values, whose length `ConfigurationReferences` limits.
    private mutating func slot(_ reference: Reference) -> Int? {
        if let known = slotOfReference[reference] { return known }
        let slot: Int? =
            if case .configuration(let path) = reference.variable {
                if let target = references.targets[path] {
                    self.slot(target, at: path)
                } else {
                    reference.fallback.map { new(.constant($0)) } ?? fail()
                }
            } else {
                new(.variable(reference))
            }
        slotOfReference[reference] = slot
        return slot
    }

    /// The slot for another value of the configuration.
    private mutating func slot(_ target: ConfigurationNode, at path: ConfigurationPath) -> Int? {
        if let known = slotOfPath[path] { return known }
        guard !references.blocked.contains(path) else { return fail() }
        let slot: Int?
        switch target.content {
        case .reference(let next, spliced: false): slot = self.slot(next)
        case .scalar(let scalar): slot = new(.constant(.scalar(scalar)))
        case .text(let parts): slot = parts.formParts { self.slot($0) }.map { new(.text($0)) }
        // A secret cannot be part of a text, and a secret alone was replaced before; mappings and lists cannot be
        // referred to.
        case .secret, .mapping, .list, .reference: slot = fail()
        }
        slotOfPath[path] = slot
        return slot
    }

    private mutating func new(_ slot: FormSlot) -> Int {
        slots.append(slot)
        return slots.count - 1
    }

    private mutating func fail() -> Int? {
        isComplete = false
        return nil
    }
}

extension [ScalarTemplate.Part] {
    fileprivate func formParts(_ slot: (Reference) -> Int?) -> [FormSlot.Part]? {
        var parts = [FormSlot.Part]()
        for part in self {
            switch part {
            case .literal(let text): parts.append(.literal(text))
            case .reference(let reference):
                guard let slot = slot(reference) else { return nil }
                parts.append(.slot(slot))
            }
        }
        return parts
    }
}
