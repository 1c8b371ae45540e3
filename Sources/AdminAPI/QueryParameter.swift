/// Names of the API's query parameters that its clients use.
public enum QueryParameter {
    /// `true`: the answer tells what a change would do, and nothing is stored.
    public static let dryRun = "dry_run"
    /// `true`: where a configuration's values come from, in place of the configuration.
    public static let explain = "explain"
    /// A type as it was at this revision.
    public static let revision = "revision"
    /// Events after this one, by its number.
    public static let after = "after"
    /// Events before this one, by its number.
    public static let before = "before"
    /// At most so many.
    public static let limit = "limit"
}
