/// An export asks for something that this gateway does not do, and that must not be left out.
public struct UnsupportedError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the export asks for, with its place.
    public let subject: String

    public var description: String { "\(subject): this version of portcullis-gateway cannot do that" }
}
