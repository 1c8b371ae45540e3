/// The names of query parameters that clients use.
public enum QueryParameter {
    /// `true`: the answer is the report on a change; nothing is stored.
    public static let dryRun = "dry_run"
    /// `true`: the answer is the origin of a configuration's values instead of the configuration.
    public static let explain = "explain"
    /// The revision of a type to return.
    public static let revision = "revision"
    /// Returns events with a higher number; of other lists, what follows the page whose `Link` named this cursor.
    public static let after = "after"
    /// Returns events with a lower number.
    public static let before = "before"
    /// The registry's generation to which an answer refers.
    public static let generation = "generation"
    /// `true`: the answer has the connections of draining instances.
    public static let connections = "connections"
    /// `true`: a service with data may move to another server, which leaves the data behind.
    public static let withoutData = "without_data"
    /// `true`: a service is at its new server with the very change, however many requests that costs.
    public static let atOnce = "at_once"
    /// Seconds that the connections of a service that moves get at its old server.
    public static let drainTime = "drain_time"
    /// The number of last lines with which a log begins.
    public static let lines = "lines"
    /// The greatest number of elements to return.
    public static let limit = "limit"
    /// The order of a list: `name`, or `-name` for the reverse.
    public static let sort = "sort"
    /// The members of each element to return, with commas between them.
    public static let fields = "fields"

    // Filters: only elements that have exactly this value are returned.
    public static let type = "type"
    public static let server = "server"
    public static let location = "location"
    public static let state = "state"
    public static let kind = "kind"
    public static let label = "label"
    public static let name = "name"
    public static let service = "service"
    public static let configuration = "configuration"
    public static let actor = "actor"
    public static let severity = "severity"
    public static let subject = "subject"
    /// Returns the crashes that have a report with this id.
    public static let report = "report"
    /// Returns events of this time (RFC 3339) or later.
    public static let since = "since"
    /// Returns events before this time (RFC 3339).
    public static let until = "until"
    /// `true`, or without a value: returns only instances that are ready.
    public static let ready = "ready"
    /// The name of a version, or the SHA-256 of its manifest.
    public static let version = "version"
    /// The variant of a version.
    public static let variant = "variant"
    /// How a version is marked.
    public static let mark = "mark"
    /// Bytes of a content that is sent.
    public static let size = "size"
    /// The SHA-256 of its compressed bytes.
    public static let compressed = "compressed"
}
