/// A setting that cannot be used. The message names its place.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
