import JSON
import Text

/// The faults of a manifest so far.
struct ManifestFaults {
    private(set) var faults: [ManifestError.Fault] = []
    /// The format of what is read.
    var format = Manifest.newestFormat

    var isFull: Bool { faults.count >= ManifestError.mostFaults }

    /// Adds a fault, unless there are too many.
    mutating func report(_ place: @autoclosure () -> String, _ detail: @autoclosure () -> String) {
        if !isFull { faults.append(ManifestError.Fault(place: place(), detail: detail())) }
    }

    func finish() throws(ManifestError) {
        guard faults.isEmpty else { throw ManifestError(faults) }
    }
}

/// A value of a manifest with its place. The place's text is made only for a message.
struct ManifestField {
    let value: JSONValue
    private let parent: String
    private let name: String

    init(_ value: JSONValue, _ parent: String, _ name: String) {
        self.value = value
        self.parent = parent
        self.name = name
    }

    /// An RFC 6901 pointer.
    var place: String {
        "\(parent)/\(name.replacingByte("~", with: "~0").replacingByte("/", with: "~1").printable)"
    }

    func fault(_ detail: String, _ faults: inout ManifestFaults) { faults.report(place, detail) }

    func string(_ faults: inout ManifestFaults) -> String? {
        guard case .string(let text) = value else {
            fault("must be a string, and is \(value.kind)", &faults)
            return nil
        }
        return text
    }

    /// A string that fits a rule.
    ///
    /// - Parameter problem: what is wrong, to follow the text; `nil` if nothing is.
    func string(_ faults: inout ManifestFaults, _ problem: (String) -> String?) -> String? {
        guard let text = string(&faults) else { return nil }
        guard let problem = problem(text) else { return text }
        fault("\(text.printed(atMost: 80)) \(problem)", &faults)
        return nil
    }

    /// A string that has exactly one meaning.
    func value<Value>(_ what: String, _ faults: inout ManifestFaults, _ make: (String) -> Value?) -> Value? {
        guard let text = string(&faults) else { return nil }
        guard let value = make(text) else {
            fault("\(text.printed(atMost: 80)) is no \(what)", &faults)
            return nil
        }
        return value
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _: Choice.Type, _ faults: inout ManifestFaults
    ) -> Choice? {
        guard let text = string(&faults) else { return nil }
        guard let choice = Choice.allCases.first(where: { $0.rawValue.isExactly(text) }) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            fault("\(text.printed()) is none of \(words)", &faults)
            return nil
        }
        return choice
    }

    func integer(in range: ClosedRange<Int>, _ faults: inout ManifestFaults) -> Int? {
        guard case .integer(let number) = value, range.contains(number) else {
            let found =
                switch value {
                case .integer(let number): "\(number)"
                default: value.kind
                }
            fault("must be a whole number from \(range.lowerBound) to \(range.upperBound), and is \(found)", &faults)
            return nil
        }
        return number
    }

    func boolean(_ faults: inout ManifestFaults) -> Bool? {
        guard case .bool(let value) = value else {
            fault("must be true or false, and is \(value.kind)", &faults)
            return nil
        }
        return value
    }

    /// The elements of an array; `most`: a longer one is a fault.
    func array(atMost most: Int, _ faults: inout ManifestFaults) -> [ManifestField] {
        guard case .array(let values) = value else {
            fault("must be an array, and is \(value.kind)", &faults)
            return []
        }
        guard values.count <= most else {
            fault("has \(values.count) elements, and may have at most \(most)", &faults)
            return []
        }
        let place = place
        return values.enumerated().map { ManifestField($1, place, "\($0)") }
    }

    /// An object whose members are all known.
    func object(_ names: [String], _ faults: inout ManifestFaults) -> ManifestObject? {
        guard case .object(let members) = value else {
            fault("must be an object, and is \(value.kind)", &faults)
            return nil
        }
        let place = place
        for member in members where !names.contains(where: { $0.isExactly(member.name) }) {
            ManifestField(member.value, place, member.name).fault("is not known in format \(faults.format)", &faults)
        }
        return ManifestObject(members: members, place: place)
    }
}

/// An object of a manifest.
struct ManifestObject {
    let members: [JSONValue.Member]
    let place: String

    /// `nil` if it is absent.
    func optional(_ name: String) -> ManifestField? {
        members.first { $0.name.isExactly(name) }.map { ManifestField($0.value, place, name) }
    }

    /// Reports an absent member.
    func required(_ name: String, _ faults: inout ManifestFaults) -> ManifestField? {
        if let field = optional(name) { return field }
        faults.report(place, "\"\(name)\" is missing")
        return nil
    }
}
