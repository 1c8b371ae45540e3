/// What a text may ask of the parser. Whatever is beyond is refused with the limit named.
public struct YAMLLimits: Sendable {
    /// Bytes of text.
    public var size = 4 << 20
    /// Lists and mappings inside one another, aliases followed.
    public var depth = 64
    /// Values and keys, each one counted again wherever an alias repeats it.
    public var nodes = 1_000_000
    /// Bytes of all scalars and keys together, each one counted again wherever an alias repeats it.
    public var text = 16 << 20
    /// `%TAG` lines; libyaml compares each with all before it.
    var tagDirectives = 64
    /// Whether the text was accepted once already, by a version that took more: bare numbers that lose digits or that
    /// others read as octal, `<<` as the name of a key, and what YAML 1.1 and 1.2 read differently: U+0085, U+2028,
    /// U+2029, `{?a: 1}`.
    public var isStored = false

    public init() {}
}
