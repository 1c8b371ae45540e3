/// The names of the registry's objects. They appear without quotes in URLs, files and `services.csv`.
public enum ObjectName {
    /// The kinds of objects. Each has its own namespace.
    public enum Kind: String, Sendable {
        case location, pool, server, type, section, label, test, database, gateway, token, secret, context
        case action, socket, argument
        case egress = "rule"
        case drive

        /// With its article: `a server`, `an action`.
        public var phrase: String { "\("aeiou".contains(rawValue.prefix(1)) ? "an" : "a") \(rawValue)" }
    }

    /// The longest name of a type: with a dot and an index, it must still be a valid name in `services.csv`.
    static let longestType = 52
    /// The longest name of any other object, in bytes.
    package static let longest = 63

    /// The rule as a regular expression (ECMA 262), for the API's description.
    public static func pattern(_ kind: Kind) -> String {
        kind == .type ? "^[a-z0-9][a-z0-9_-]{0,\(longestType - 1)}$" : "^[a-z0-9][a-z0-9._-]{0,\(longest - 1)}$"
    }

    /// The rule for `location/gateway`.
    public static let gatewayPattern = "\(pattern(.location).dropLast())/\(pattern(.gateway).dropFirst())"

    /// Whether the name has only lower-case letters, digits, `-`, `_` and `.` (not in a type's name), and begins with
    /// a letter or digit.
    public static func isValid(_ name: String, as kind: Kind) -> Bool { problem(with: name, as: kind) == nil }

    /// What is wrong with a name, to follow it in a message: `must start with a letter or a digit`; `nil` if nothing
    /// is.
    public static func problem(with name: String, as kind: Kind) -> String? {
        let limit = kind == .type ? longestType : longest
        guard !name.isEmpty else { return "must not be empty" }
        guard name.utf8.count <= limit else { return "must have at most \(limit) characters" }
        let isWordCharacter = { (byte: UInt8) in byte >= 0x61 && byte <= 0x7A || byte >= 0x30 && byte <= 0x39 }
        guard let first = name.utf8.first, isWordCharacter(first) else {
            return "must start with a lower-case letter or a digit"
        }
        let others = Set((kind == .type ? "-_" : "-_.").utf8)
        guard name.utf8.allSatisfy({ isWordCharacter($0) || others.contains($0) }) else {
            return kind == .type
                ? "may have lower-case letters, digits, \"-\" and \"_\" only"
                : "may have lower-case letters, digits, \"-\", \"_\" and \".\" only"
        }
        return nil
    }
}
