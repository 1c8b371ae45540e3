/// A number of connections in words.
enum ConnectionsText {
    /// `1 connection`, `12 connections`
    static func text(_ count: Int) -> String { "\(count) \(count == 1 ? "connection" : "connections")" }
}
