import Text

/// The name of something that belongs to one location. At another location, something else may have the same name.
public struct LocatedName: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let location: String
    public let name: String

    public init(location: String, name: String) {
        self.location = location
        self.name = name
    }

    /// Reads what `description` writes; `nil` for any other text.
    package init?(_ text: String) {
        let parts = text.splitBytes("/")
        guard parts.count == 2 else { return nil }
        self.init(location: String(parts[0]), name: String(parts[1]))
    }

    public static func < (a: Self, b: Self) -> Bool { (a.location, a.name) < (b.location, b.name) }

    /// `tcn/www-ip`
    public var description: String { "\(location)/\(name)" }
}
