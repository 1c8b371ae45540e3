/// Metric families in the text format of Prometheus (version 0.0.4), as node_exporter's textfile collector reads it.
struct MetricsText {
    enum Kind: String {
        case counter, gauge
    }

    typealias Labels = [(name: String, value: String)]

    private(set) var text = ""
    private let prefix: String

    /// - Parameter prefix: what every name begins with.
    init(prefix: String) { self.prefix = prefix }

    /// A family of one sample without labels; none when there is no value.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
        guard let value else { return }
        add(name, kind, help, [(labels: [], value: value)])
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int?) {
        add(name, kind, help, value.map(Double.init))
    }

    /// A family with all its samples; none when there is no sample.
    mutating func add(
        _ name: String, _ kind: Kind, _ help: String, _ samples: some Sequence<(labels: Labels, value: Double)>
    ) {
        var isFirst = true
        for (labels, value) in samples {
            if isFirst {
                text += "# HELP \(prefix)\(name) \(help)\n# TYPE \(prefix)\(name) \(kind.rawValue)\n"
                isFirst = false
            }
            text += prefix + name
            if !labels.isEmpty {
                text += "{" + labels.map { "\($0.name)=\"\(Self.escape($0.value))\"" }.joined(separator: ",") + "}"
            }
            text += " \(Self.number(value))\n"
        }
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }

    private static func escape(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        return value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
