/// A port, or an inclusive range of ports: `443`, `20000-29999`. Port 0 is in no range.
public struct PortRange: Sendable, Hashable, Comparable {
    public let first: UInt16
    public let last: UInt16

    /// `nil` if the range begins at 0, or ends before it begins.
    public init?(_ first: UInt16, _ last: UInt16) {
        guard first > 0, first <= last else { return nil }
        self.first = first
        self.last = last
    }

    /// A single port; `nil` for 0.
    public init?(_ port: UInt16) { self.init(port, port) }

    /// The number of ports: 1 to 65,535.
    public var count: Int { Int(last) - Int(first) + 1 }
    /// Whether the range has only one port.
    public var isSinglePort: Bool { first == last }

    /// Whether the port is in the range.
    public func contains(_ port: UInt16) -> Bool { first <= port && port <= last }
    /// Whether the ranges have a port in common.
    public func overlaps(_ other: Self) -> Bool { first <= other.last && other.first <= last }

    public static func < (a: Self, b: Self) -> Bool {
        a.first != b.first ? a.first < b.first : a.last < b.last
    }
}

extension PortRange: LosslessStringConvertible, CustomStringConvertible {
    /// Reads `port` or `first-last`: decimal numbers without leading zeros or signs. `80-80` is not canonical and
    /// refused.
    public init?(_ text: some StringProtocol) {
        // exact: neither end may have anything but digits
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = ends.compactMap { end in UInt16(end).flatMap { String($0) == end ? $0 : nil } }
        guard numbers.count == ends.count else { return nil }
        guard numbers.count == 2 else {
            self.init(numbers[0])
            return
        }
        guard numbers[0] != numbers[1] else { return nil }
        self.init(numbers[0], numbers[1])
    }

    public var description: String { first == last ? "\(first)" : "\(first)-\(last)" }
}
