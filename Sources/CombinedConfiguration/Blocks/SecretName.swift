/// Names of secrets: lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or digit, 1 to 63 bytes.
public enum SecretName {
    /// Whether a name follows the rule.
    public static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, isWordCharacter(first), name.utf8.count <= 63 else { return false }
        return name.utf8.allSatisfy { isWordCharacter($0) || "-_.".utf8.contains($0) }
    }

    private static func isWordCharacter(_ byte: UInt8) -> Bool {
        byte >= 0x61 && byte <= 0x7A || byte >= 0x30 && byte <= 0x39
    }
}
