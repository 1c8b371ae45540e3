/// How much one request may hold.
public enum Limits {
    public static let poolAddresses = 1024
    /// One per family.
    public static let serverAddresses = 2
    public static let serverLabels = 64
    /// Elements of each list of an apply.
    public static let applied = 100_000
    /// Bytes of a JSON body.
    public static let body = 1 << 20
    /// Bytes of a meta-configuration.
    public static let source = 1 << 20
    /// Bytes of an apply.
    public static let apply = 64 << 20
    /// Events of one page.
    public static let events = 1000
    /// Characters of a location's description.
    public static let description = 1000
    /// Bytes of a secret.
    public static let secret = 64 << 10
    /// Weights of a real server.
    public static let weights = 0...65_535
    /// Firewall marks that ADMIN gives.
    public static let marks = 256...65_535
}
