/// What the holder of a token may change: the services of some types, at some locations.
///
/// The rule: with locations, every changed object is at one of them; with types, every changed object is of one of
/// them; with both, only services are left that are both. What others have must stay as it is: exports of other
/// locations and types, and the blocks that other types' configurations get.
public struct ChangeScope: Sendable, Hashable {
    /// Ascending, without duplicates; empty: all.
    public let locations: [String]
    /// Ascending, without duplicates; empty: all.
    public let types: [String]

    public init(locations: some Sequence<String> = [], types: some Sequence<String> = []) {
        self.locations = Set(locations).sorted()
        self.types = Set(types).sorted()
    }

    /// No restriction.
    public static let everything = Self()

    /// Whether nothing is restricted.
    public var isEverything: Bool { locations.isEmpty && types.isEmpty }

    /// Whether the location is not excluded.
    package func includes(location: String) -> Bool { locations.isEmpty || locations.contains(location) }

    /// Whether the type is not excluded.
    package func includes(type: String) -> Bool { types.isEmpty || types.contains(type) }
}

extension ChangeScope: CustomStringConvertible {
    /// `location tcn, types mdb pgw`; empty without a restriction.
    public var description: String {
        [("location", locations), ("type", types)].filter { !$1.isEmpty }
            .map { "\($0)\($1.count == 1 ? "" : "s") \($1.joined(separator: " "))" }
            .joined(separator: ", ")
    }
}
