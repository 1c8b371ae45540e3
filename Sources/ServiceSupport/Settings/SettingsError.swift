/// A setting that cannot be used; the message names where it stands.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
