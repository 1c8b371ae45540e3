import Text

/// What one client, or all clients of one prefix together, may do at a connection.
public struct SourceLimit: Sendable, Hashable {
    /// The new connections that a client may open; `nil`: any number.
    public var rate: Rate?
    /// How many it may open at once, before the rate counts. At least 1; with a rate only.
    public var burst: Int
    /// How many connections it may have at a time; 0: any number.
    public var connections: Int
    /// The length of the prefix whose clients count as one; `nil`: each address by itself.
    public var prefix: Int?

    /// A number in a time.
    public struct Rate: Sendable, Hashable {
        public var count: Int
        public var unit: Unit

        public init(count: Int, per unit: Unit) {
            self.count = count
            self.unit = unit
        }

        /// The times of nftables' `limit rate`.
        public enum Unit: String, Sendable, Hashable, CaseIterable {
            case second = "s"
            case minute = "m"
            case hour = "h"

            /// Its length in seconds.
            public var seconds: Int {
                switch self {
                case .second: 1
                case .minute: 60
                case .hour: 3_600
                }
            }
        }
    }

    /// - Parameter burst: `nil`: as many as the rate's count.
    public init(rate: Rate?, burst: Int? = nil, connections: Int = 0, prefix: Int? = nil) {
        self.rate = rate
        self.burst = burst ?? rate?.count ?? 1
        self.connections = connections
        self.prefix = prefix
    }

    /// What a rate's count and a burst may be.
    public static let counts = 1...1_000_000
    /// How many connections a client may be allowed at a time.
    public static let connectionCounts = 1...1_000_000
}

extension SourceLimit.Rate: LosslessStringConvertible, CustomStringConvertible {
    /// Reads `100/s`, `30/m` or `5/h`; `nil` if it has another form or the number is out of range.
    public init?(_ text: some StringProtocol) {
        let parts = String(text).splitBytes("/")
        guard parts.count == 2, let unit = Unit(rawValue: String(parts[1])), let count = Int(String(parts[0])),
            "\(count)".isExactly(parts[0]), SourceLimit.counts.contains(count)
        else { return nil }
        self.init(count: count, per: unit)
    }

    public var description: String { "\(count)/\(unit.rawValue)" }
}

extension SourceLimit: LosslessStringConvertible, CustomStringConvertible {
    /// Reads what `description` writes.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        var values: [String: String] = [:]
        for word in text.splitBytes(" ") {
            let parts = word.splitBytes("=")
            guard parts.count == 2, values.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
                return nil
            }
        }
        func number(_ key: String, in range: ClosedRange<Int>) -> Int?? {
            guard let text = values.removeValue(forKey: key) else { return .some(nil) }
            guard let number = Int(text), range.contains(number) else { return nil }
            return number
        }
        var rate: Rate?
        if let text = values.removeValue(forKey: "rate") {
            guard let read = Rate(text) else { return nil }
            rate = read
        }
        guard let burst = number("burst", in: Self.counts),
            let connections = number("connections", in: Self.connectionCounts),
            let prefix = number("prefix", in: 1...128), values.isEmpty, rate != nil || connections != nil
        else { return nil }
        self.init(rate: rate, burst: burst, connections: connections ?? 0, prefix: prefix)
        guard description.isExactly(text) else { return nil }
    }

    /// `rate=100/s burst=200 connections=50 prefix=24`, without what has its usual value.
    public var description: String {
        var words: [String] = []
        if let rate {
            words.append("rate=\(rate)")
            if burst != rate.count { words.append("burst=\(burst)") }
        }
        if connections > 0 { words.append("connections=\(connections)") }
        if let prefix { words.append("prefix=\(prefix)") }
        return words.joined(separator: " ")
    }
}
