/// The names of query parameters that clients use.
public enum QueryParameter {
    /// `true`: the answer is the report on a change; nothing is stored.
    public static let dryRun = "dry_run"
    /// `true`: the answer is the origin of a configuration's values instead of the configuration.
    public static let explain = "explain"
    /// The revision of a type to return.
    public static let revision = "revision"
    /// Returns events with a higher number.
    public static let after = "after"
    /// Returns events with a lower number.
    public static let before = "before"
    /// The registry's generation to which an answer refers.
    public static let generation = "generation"
    /// `true`: the answer has the connections of draining instances.
    public static let connections = "connections"
    /// The greatest number of elements to return.
    public static let limit = "limit"
}
