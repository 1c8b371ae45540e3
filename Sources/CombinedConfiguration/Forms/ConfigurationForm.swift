import Text
import YAML

/// A template made ready for many services: its JSON, with gaps where the values of variables go.
///
/// Made in a time by the size of the template. Filled in for a service in a time by the length of the JSON behind its
/// first gap, whatever the number of values: each variable is looked up once.
public struct ConfigurationForm {
    /// What comes before the first gap: the same for all services.
    public let head: [UInt8]
    private let template: ConfigurationTemplate
    private let steps: [FormStep]
    private let constants: [UInt8]
    private let slots: [FormSlot]
    private let texts: FormTexts
    /// What its number of workers is made of, where a variable is in it.
    private let workers: ConfigurationNode?

    /// `nil` for a template that is no configuration of any service: `resolved` says why.
    public init?(_ template: ConfigurationTemplate) {
        guard template.errors.isEmpty else { return nil }
        let workers = template.root[Workers.key]
        guard workers?.isConstant == false || Workers.problem(in: template.root) == nil else { return nil }
        var writer = FormWriter(template.references)
        writer.add(template.root)
        guard writer.isComplete else { return nil }
        let (steps, headEnd) = writer.finish()
        self.template = template
        self.steps = steps
        self.workers = workers?.isConstant == false ? workers : nil
        head = Array(writer.constants[..<headEnd])
        constants = writer.constants
        slots = writer.slots
        texts = writer.texts
    }

    /// Appends the JSON of a service's configuration from the first gap on.
    ///
    /// - Returns: Whether it is a configuration. If not, `resolved` says why, or its JSON is longer than
    ///   `ConfigurationTemplate.largest`.
    public func append(_ source: some VariableSource, to bytes: inout [UInt8]) -> Bool {
        if let workers {
            var resolver = Resolver(template, source)
            guard Workers.problem(of: resolver.resolved(workers)) == nil else { return false }
        }
        guard template.secrets.keys.allSatisfy(source.hasSecret) else { return false }
        var values = [SlotValue]()
        values.reserveCapacity(slots.count)
        for slot in slots {
            guard let value = slot.value(source, values) else { return false }
            values.append(value)
        }
        guard texts.fit(values) else { return false }
        let limit = bytes.count - head.count + ConfigurationTemplate.largest
        for step in steps {
            switch step {
            case .constant(let range): bytes += constants[range]
            case .value(let slot): bytes += values[slot].json
            case .text(let slot): bytes += values[slot].escaped
            case .separator: if bytes.last != UInt8(ascii: "[") { bytes.append(UInt8(ascii: ",")) }
            case .items(let slot):
                let items = values[slot].json.dropFirst().dropLast()
                guard !items.isEmpty else { continue }
                if bytes.last != UInt8(ascii: "[") { bytes.append(UInt8(ascii: ",")) }
                bytes += items
            }
            guard bytes.count <= limit else { return false }
        }
        return true
    }
}

/// A piece of a form.
enum FormStep {
    /// These of the constants.
    case constant(Range<Int>)
    /// The value of a slot.
    case value(Int)
    /// The value of a slot within a text.
    case text(Int)
    /// The items of a slot, in a list.
    case items(Int)
    /// What stands before an item of a list whose other items may be none.
    case separator
}

/// Texts with variables in them, which may not be too long.
struct FormTexts {
    private var texts: [(literal: Int, slots: [Int])] = []
    /// The most bytes besides variables, and the most variables, that one text has.
    private var most = (literal: 0, slots: 0)
    private var used: Set<Int> = []

    mutating func add(literal: Int, _ slots: [Int]) {
        texts.append((literal, slots))
        most = (max(most.literal, literal), max(most.slots, slots.count))
        used.formUnion(slots)
    }

    /// Whether all values may be in a text, and no text is too long. As a rule none is measured.
    func fit(_ values: [SlotValue]) -> Bool {
        var longest = 0
        for slot in used {
            guard let count = values[slot].textCount else { return false }
            longest = max(longest, count)
        }
        let limit = ConfigurationTemplate.longestText
        guard most.literal + most.slots * longest > limit else { return true }
        return texts.allSatisfy { literal, slots in
            literal + slots.reduce(0) { $0 + (values[$1].textCount ?? 0) } <= limit
        }
    }
}
