/// The limits of the parser. A text that exceeds one is refused with the name of the limit.
public struct YAMLLimits: Sendable {
    /// Bytes of the text.
    public var size = 4 << 20
    /// Depth of nested lists and mappings, including those from aliases.
    public var depth = 64
    /// Number of values and keys, including those that aliases repeat.
    public var nodes = 1_000_000
    /// Bytes of all scalars and keys together, including those that aliases repeat.
    public var text = 16 << 20
    /// Number of `%TAG` lines; libyaml compares each with all earlier ones.
    var tagDirectives = 64
    /// Whether the text was accepted before, by a less strict version. It may then have numbers without quotes that
    /// lose digits or that some readers take for octal, `<<` as the name of a key, and characters that YAML 1.1 and
    /// 1.2 read differently: U+0085, U+2028, U+2029, `{?a: 1}`.
    public var isStored = false

    public init() {}
}
