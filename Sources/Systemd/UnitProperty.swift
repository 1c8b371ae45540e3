/// A property of a transient unit, by the name that systemd gives it over D-Bus (org.freedesktop.systemd1(5)).
package struct UnitProperty: Sendable, Hashable {
    package var name: String
    package var value: Value

    /// The value of a property, in the type that systemd expects.
    package enum Value: Sendable, Hashable {
        case text(String)
        case flag(Bool)
        case number(UInt64)
        case signed(Int32)
        case mask(UInt32)
        case texts([String])
        /// What alone is allowed, or what is not.
        case filter(isAllowed: Bool, [String])
        /// Programs with their arguments, taken as they are: systemd replaces no variables in them.
        case commands([[String]])

        /// The type's signature in D-Bus.
        var signature: String {
            switch self {
            case .text: "s"
            case .flag: "b"
            case .number: "t"
            case .signed: "i"
            case .mask: "u"
            case .texts: "as"
            case .filter: "(bas)"
            case .commands: "a(sasas)"
            }
        }
    }

    package init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}
