/// Media types of the API's bodies, without parameters.
public enum MediaType {
    public static let json = "application/json"
    public static let yaml = "application/yaml"
    public static let csv = "text/csv"
    /// An error: `Problem`.
    public static let problem = "application/problem+json"
}
