import Text
import YAML

/// The only value that has the same meaning in every service: the number of processes that it forks.
enum Workers {
    static let key = "workers"
    static let what = "a number of workers"
    /// 0: none; the service is a single process.
    static let range = 0...64

    /// What is wrong with the `workers` of a configuration; `nil` if nothing is.
    static func problem(in root: ConfigurationNode) -> ConfigurationError? {
        root[key].flatMap { problem(of: $0) }
    }

    /// What is wrong with a value as `workers`; `nil` if nothing is.
    static func problem(of node: ConfigurationNode) -> ConfigurationError? {
        if case .scalar(let scalar) = node.content {
            if case .integer(let number) = scalar.resolved, range.contains(number) { return nil }
            if scalar.resolved == .null { return nil }
        }
        return ConfigurationError(
            node.origin.position,
            "expected \(what) from \(range.lowerBound) to \(range.upperBound), found \(node.text(atMost: 40))")
    }
}
