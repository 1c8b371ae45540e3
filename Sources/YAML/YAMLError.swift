/// One fault in a YAML file, with its place: `pgw.yaml:7:5: unknown key "porst"; did you mean "ports"?`
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
    public let position: YAMLPosition
    public let message: String

    public init(_ position: YAMLPosition, _ message: String) {
        self.position = position
        self.message = message
    }

    public var description: String { "\(position): \(message)" }
}

/// All faults in one or several YAML files, in the order of the text; never empty.
public struct YAMLErrors: Error, Sendable, Hashable, CustomStringConvertible {
    public let errors: [YAMLError]

    public init(_ first: YAMLError, _ others: [YAMLError] = []) {
        errors = ([first] + others).sorted { $0.position < $1.position }
    }

    /// One error per line.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}
