/// Metric families in the text format of Prometheus (version 0.0.4), as node_exporter's textfile collector reads it.
struct MetricsText {
    enum Kind: String {
        case counter, gauge
    }

    typealias Labels = [(name: String, value: String)]

    private(set) var bytes: [UInt8] = []
    private let prefix: String

    /// - Parameter prefix: the beginning of every name.
    init(prefix: String) { self.prefix = prefix }

    /// Adds a family of one sample without labels; nothing if there is no value.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
        guard let value else { return }
        add(name, kind, help, [(labels: [], value: value)])
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int?) {
        add(name, kind, help, value.map(Double.init))
    }

    /// Adds a family with all its samples; nothing if there are none.
    mutating func add(
        _ name: String, _ kind: Kind, _ help: String, _ samples: some Sequence<(labels: Labels, value: Double)>
    ) {
        addRendered(name, kind, help, samples.lazy.map { (labels: Self.rendered($0.labels), value: $0.value) })
    }

    /// Adds a family of many samples. Their labels are rendered once for all families that have them.
    mutating func addRendered(
        _ name: String, _ kind: Kind, _ help: String, _ samples: some Sequence<(labels: [UInt8], value: Double)>
    ) {
        let start = Array("\(prefix)\(name)".utf8)
        var isFirst = true
        for (labels, value) in samples {
            if isFirst {
                append("# HELP \(prefix)\(name) \(help)\n# TYPE \(prefix)\(name) \(kind.rawValue)\n")
                isFirst = false
            }
            bytes += start
            bytes += labels
            bytes.append(0x20)
            append(value)
            bytes.append(0x0A)
        }
    }

    /// `{virtual_service="198.51.100.36:80/tcp"}`; nothing without labels.
    static func rendered(_ labels: Labels) -> [UInt8] {
        guard !labels.isEmpty else { return [] }
        var bytes: [UInt8] = [0x7B]
        for (index, label) in labels.enumerated() {
            if index > 0 { bytes.append(0x2C) }
            bytes += label.name.utf8
            bytes += [0x3D, 0x22]
            for byte in label.value.utf8 {
                switch byte {
                case 0x5C: bytes += [0x5C, 0x5C]
                case 0x22: bytes += [0x5C, 0x22]
                case 0x0A: bytes += [0x5C, 0x6E]
                default: bytes.append(byte)
                }
            }
            bytes.append(0x22)
        }
        bytes.append(0x7D)
        return bytes
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }

    private mutating func append(_ value: Double) {
        guard value == value.rounded(), abs(value) < 1e15 else { return append("\(value)") }
        append("\(Int(value))")
    }
}
