/// Media types of the API's bodies, without parameters. The export's is `ServicesCSV.Version.mediaType`.
public enum MediaType {
    public static let json = "application/json"
    /// What has changed in a list: `ListPatch`.
    public static let mergePatch = "application/merge-patch+json"
    public static let yaml = "application/yaml"
    /// A content of a file, compressed (RFC 8878).
    public static let zstandard = "application/zstd"
    /// A part of such a content.
    public static let bytes = "application/octet-stream"
    /// The dump of a crash.
    public static let text = "text/plain"
    /// An error answer: `Problem`.
    public static let problem = "application/problem+json"
}
