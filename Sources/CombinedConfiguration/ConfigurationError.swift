public import Text
public import YAML

/// Why blocks cannot be combined: one fault with one or two places.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public let position: YAMLPosition
    /// What is wrong, from the point of view of `position`.
    @ExactText public private(set) var message: String
    /// The second place, if two are to blame, with the message from its point of view.
    public let otherPosition: YAMLPosition?
    /// What is wrong, from the point of view of `otherPosition`.
    public let otherMessage: String?

    public init(_ position: YAMLPosition, _ message: String, other: YAMLPosition? = nil, otherMessage: String? = nil) {
        self.position = position
        self.message = message
        self.otherPosition = other
        self.otherMessage = otherMessage
    }

    /// The same fault from the second place, if only that is in one of the files.
    public func blaming(_ files: Set<String>) -> ConfigurationError {
        guard let otherPosition, let otherMessage, files.contains(otherPosition.file), !files.contains(position.file)
        else { return self }
        return ConfigurationError(otherPosition, otherMessage, other: position, otherMessage: message)
    }

    public var description: String { "\(position): \(message)" }
}
