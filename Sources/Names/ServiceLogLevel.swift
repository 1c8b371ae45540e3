/// The levels from which a service can be told to log.
public enum ServiceLogLevel: String, Sendable, Hashable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical

    /// All of them, for a message: `trace, debug, …`.
    public static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
