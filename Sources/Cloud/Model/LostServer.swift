/// What is known of a server whose node is not heard of any more, until it is heard of again.
public struct LostServer: Sendable, Hashable {
    /// When it was found to be lost, RFC 3339 in UTC.
    public let since: String
    /// Whether its services stay by all means: too many servers of its location were silent at once, so that the fault may
    /// be elsewhere.
    public var isHeld: Bool

    package init(since: String, isHeld: Bool = false) {
        self.since = since
        self.isHeld = isHeld
    }
}

extension LostServer: CustomStringConvertible {
    /// `lost since 2027-01-31T00:00:00.000Z`
    public var description: String { "lost since \(since)" + (isHeld ? ", with others of its location" : "") }
}
