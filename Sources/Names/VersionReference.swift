import Text

/// Which version a service is to have: by its name and variant, as `1.5.0` or `1.5.0/debug`, or by its manifest, as
/// `sha256:` with 64 hexadecimal digits.
public enum VersionReference: Sendable, Hashable {
    /// - Parameter variant: `nil`: the main one.
    case named(String, variant: String?)
    /// SHA-256 of the manifest's bytes, 64 lower-case hexadecimal digits.
    case manifest(String)

    /// The longest name of a version in bytes.
    package static let longestName = 64
    /// The longest name of a variant in bytes.
    package static let longestVariant = 32
    private static let prefix = "sha256:"

    /// The rule, for messages.
    public static let rule = "a version is NAME, NAME/VARIANT or sha256: with the 64 digits of a manifest"

    /// The longest text in bytes.
    public static let longest = longestName + 1 + longestVariant

    /// Reads a text; `nil` if it has none of the three forms.
    public init?(_ text: String) {
        if text.hasBytePrefix(Self.prefix) {
            let digits = String(Substring(text.utf8.dropFirst(Self.prefix.utf8.count)))
            guard Self.isDigest(digits) else { return nil }
            self = .manifest(digits)
            return
        }
        let parts = text.splitBytes("/").map { String($0) }
        guard (1...2).contains(parts.count), Self.problem(withName: parts[0]) == nil else { return nil }
        guard parts.count == 2 else {
            self = .named(parts[0], variant: nil)
            return
        }
        guard Self.problem(withVariant: parts[1]) == nil else { return nil }
        self = .named(parts[0], variant: parts[1])
    }

    /// The variant that is meant when none is named.
    public static let mainVariant = "release"

    /// The name of the version; `nil`: it is named by its manifest.
    public var name: String? {
        guard case .named(let name, variant: _) = self else { return nil }
        return name
    }

    /// The variant; `nil`: it is not known, since the version is named by its manifest.
    public var variant: String? {
        guard case .named(_, let variant) = self else { return nil }
        return variant ?? Self.mainVariant
    }

    /// Whether it is the main variant of a version that is named.
    public var isMainVariant: Bool { variant?.isExactly(Self.mainVariant) == true }

    /// The variant if it is one beside the main one.
    public var otherVariant: String? { variant.flatMap { $0.isExactly(Self.mainVariant) ? nil : $0 } }

    /// Whether it is a variant beside the main one.
    public var isOtherVariant: Bool { otherVariant != nil }

    /// The same reference; without the variant if that is the main one.
    public var plain: Self {
        guard case .named(let name, variant: _) = self, isMainVariant else { return self }
        return .named(name, variant: nil)
    }

    /// Whether a text is a SHA-256 as 64 lower-case hexadecimal digits.
    public static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// What is wrong with the name of a version, to follow it in a message; `nil` if nothing is.
    package static func problem(withName name: String) -> String? {
        let isWord = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        guard let first = name.utf8.first, name.utf8.count <= longestName, isWord(first),
            name.utf8.allSatisfy({ isWord($0) || "._+-".utf8.contains($0) })
        else {
            return "is no name of a version: 1 to \(longestName) letters, digits and \". _ + -\", "
                + "starting with a letter or a digit"
        }
        return nil
    }

    /// The rule for the name of a variant, as it follows "is no name of a variant: "; `nil` if nothing is wrong.
    package static func problem(withVariant name: String) -> String? {
        let isWord = { (byte: UInt8) in (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        guard let first = name.utf8.first, name.utf8.count <= longestVariant, isWord(first),
            name.utf8.allSatisfy({ isWord($0) || $0 == UInt8(ascii: "-") })
        else { return "has 1 to \(longestVariant) lower-case letters, digits and \"-\", and does not start with \"-\"" }
        return nil
    }
}

extension VersionReference: CustomStringConvertible {
    /// The text that is read as this reference.
    public var description: String {
        switch self {
        case .named(let name, variant: nil): name
        case .named(let name, variant: let variant?): "\(name)/\(variant)"
        case .manifest(let digest): Self.prefix + digest
        }
    }
}
