/// The kind of a value, on which the blocks of a configuration must agree.
public enum ValueKind: String, Sendable, Hashable {
    case mapping = "a mapping"
    case list = "a list"
    case text = "text"
    case number = "a number"
    case boolean = "a truth value"
    /// `null`, which agrees with every kind.
    case nothing = "nothing"

    /// Whether a value of the other kind may replace one of this kind.
    func agrees(with other: ValueKind) -> Bool { self == other || self == .nothing || other == .nothing }

    /// Whether it is a single value.
    var isScalar: Bool { self != .mapping && self != .list }
}
