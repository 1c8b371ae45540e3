/// The name of a service: its type and its index, `tg.3`.
public struct ServiceName: Sendable, Hashable, CustomStringConvertible {
    public let type: String
    /// 1 to `maximumIndex`.
    public let index: Int

    /// The largest index.
    public static let maximumIndex = 999_999_999
    /// The rule for names of services, for messages.
    public static let rule = "a service is named TYPE.INDEX, as tg.3, with an index from 1 to \(maximumIndex)"
    /// The rule as a regular expression (ECMA 262), for the API's description.
    public static let pattern = "\(ObjectName.pattern(.type).dropLast())\\.[1-9][0-9]{0,8}$"

    /// Reads `type.index`, with a decimal index without leading zeros; `nil` if the text has another form.
    ///
    /// Only the canonical text is a name. A text that only looks like it (a dot with an accent) is not.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let type = String(parts[0]), let index = String(parts[1]).flatMap({ Int($0) }),
            (1...Self.maximumIndex).contains(index), "\(type).\(index)".utf8.elementsEqual(text.utf8),
            ObjectName.isValid(type, as: .type)
        else { return nil }
        self.type = type
        self.index = index
    }

    public var description: String { "\(type).\(index)" }
}
