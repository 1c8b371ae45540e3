import Text
import YAML

/// A template that is prepared for many services: its JSON, with gaps for the values of variables.
///
/// Cost: making it grows with the size of the template. Filling it in for a service grows with the length of the JSON
/// after the first gap, whatever the number of values: each variable is looked up once.
public struct ConfigurationForm {
    /// The JSON before the first gap, which is the same for all services.
    public let head: [UInt8]
    private let template: ConfigurationTemplate
    private let steps: [FormStep]
    private let constants: [UInt8]
    private let slots: [FormSlot]
    private let texts: FormTexts
    /// The value of `workers`, if it has a variable.
    private let workers: ConfigurationNode?

    /// `nil` if the template is no configuration of any service; `resolved` then tells why.
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
    /// - Returns: whether it is a valid configuration. If it is not, `resolved` tells why, or its JSON is longer than
    ///   `ConfigurationTemplate.largest`.
    public func append(_ source: some VariableSource, to bytes: inout [UInt8]) -> Bool {
        if let workers {
            var resolver = Resolver(template, source)
            guard Workers.problem(of: resolver.resolved(workers)) == nil else { return false }
        }
        guard template.secrets.keys.allSatisfy({ source.secret($0) != nil }),
            template.textSecrets.keys.allSatisfy({ source.secret($0) == .text })
        else { return false }
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

/// A part of a form.
enum FormStep {
    /// A range of the constant bytes.
    case constant(Range<Int>)
    /// The value in a slot.
    case value(Int)
    /// The value in a slot, within a text.
    case text(Int)
    /// The items in a slot, within a list.
    case items(Int)
    /// The separator before an item, in a list whose other items may be empty.
    case separator
}

/// Texts that contain variables; their length is limited.
struct FormTexts {
    private var texts: [(literal: Int, slots: [Int])] = []
    /// The greatest number of constant bytes, and of variables, in one text.
    private var most = (literal: 0, slots: 0)
    private var used: Set<Int> = []

    mutating func add(literal: Int, _ slots: [Int]) {
        texts.append((literal, slots))
        most = (max(most.literal, literal), max(most.slots, slots.count))
        used.formUnion(slots)
    }

    /// Whether all values may be part of a text, and no text is too long. Usually this is found without measuring any
    /// text.
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
