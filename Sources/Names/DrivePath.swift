import Text

/// The rule for the path at which a server's drive is mounted.
public enum DrivePath {
    /// The longest path in bytes.
    public static let longest = 1_024
    /// The rule as a regular expression (ECMA 262), for the API's description.
    public static let pattern = "^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$"
    /// The rule, for messages.
    public static let rule =
        "a drive's path is absolute, of letters, digits, \"_\", \"-\" and \".\", where no name starts with a dot"

    /// Whether the path fits the rule.
    public static func isValid(_ path: String) -> Bool {
        guard path.utf8.count <= longest, path.utf8.first == UInt8(ascii: "/") else { return false }
        let isWord = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
        return path.splitBytes("/").dropFirst().allSatisfy { name in
            guard let first = name.utf8.first, isWord(first) else { return false }
            return name.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") }
        }
    }
}
