public import Text

/// A type of service with its meta-configuration.
public struct ServiceType: Sendable {
    public var name: String { configuration.type }
    /// The YAML text as it was sent.
    @ExactText public var source: String
    public var configuration: MetaConfiguration

    public init(source: String, configuration: MetaConfiguration) {
        self.source = source
        self.configuration = configuration
    }
}
