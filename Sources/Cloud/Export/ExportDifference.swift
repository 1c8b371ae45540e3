import NetworkTypes
public import ServicesExport

/// The difference between two exports of a location, row by row. Each list has the order of the file; egress rules, which
/// stand between the services, have lists of their own.
public struct ExportDifference: Sendable, Hashable {
    /// A row whose identity stays and whose values change.
    public struct Change: Sendable, Hashable {
        public let before: ExportRow
        public let after: ExportRow

        public init(before: ExportRow, after: ExportRow) {
            self.before = before
            self.after = after
        }
    }

    public var added: [ExportRow] = []
    public var removed: [ExportRow] = []
    public var changed: [Change] = []
    public var egress: Egress

    /// The difference between the egress rules.
    public struct Egress: Sendable, Hashable {
        /// A rule whose name and family stay and whose values change.
        public struct Change: Sendable, Hashable {
            public let before: EgressRule
            public let after: EgressRule
        }

        public fileprivate(set) var added: [EgressRule] = []
        public fileprivate(set) var removed: [EgressRule] = []
        public fileprivate(set) var changed: [Change] = []

        /// Whether the rules are equal.
        public var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }
    }

    /// Whether the exports are equal.
    public var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty && egress.isEmpty }

    public init(
        from old: some Sequence<ExportRow>, to new: some Sequence<ExportRow>, egress oldEgress: [EgressRule] = [],
        to newEgress: [EgressRule] = []
    ) {
        egress = Egress(from: oldEgress, to: newEgress)
        var remaining = Dictionary(old.map { (RowIdentity($0), $0) }) { first, _ in first }
        for row in new {
            guard let before = remaining.removeValue(forKey: RowIdentity(row)) else {
                added.append(row)
                continue
            }
            if before != row { changed.append(Change(before: before, after: row)) }
        }
        removed = Self.inFileOrder(remaining.values, by: \.self)
        added = Self.inFileOrder(added, by: \.self)
        changed = Self.inFileOrder(changed, by: \.after)
    }

    private static func inFileOrder<Element>(
        _ elements: some Sequence<Element>, by row: (Element) -> ExportRow
    ) -> [Element] {
        elements.map { (line: Array(row($0).description.utf8), element: $0) }
            .sorted { $0.line.lexicographicallyPrecedes($1.line) }
            .map(\.element)
    }
}

extension ExportDifference.Egress {
    fileprivate init(from old: [EgressRule], to new: [EgressRule]) {
        func inFileOrder<Element>(_ elements: [Element], by rule: (Element) -> EgressRule) -> [Element] {
            elements.sorted { rule($0).description.utf8.lexicographicallyPrecedes(rule($1).description.utf8) }
        }
        let same = { (rule: EgressRule, others: [EgressRule]) in
            others.first { $0.name == rule.name && $0.family == rule.family }
        }
        added = inFileOrder(new.filter { same($0, old) == nil }, by: \.self)
        removed = inFileOrder(old.filter { same($0, new) == nil }, by: \.self)
        changed = inFileOrder(
            new.compactMap { rule in
                same(rule, old).flatMap { $0 == rule ? nil : Change(before: $0, after: rule) }
            }, by: \.after)
    }
}

/// What identifies a row from one export to the next, wherever its instance runs.
private struct RowIdentity: Hashable {
    package let service: String
    package let section: String
    package let transport: TransportProtocol
    package let family: AddressFamily?
    /// `nil` with a mark, where all ports are in one row.
    package let port: UInt16?

    init(_ row: ExportRow) {
        service = row.service
        section = row.section
        transport = row.transport
        family = row.addresses.first?.family
        port = row.mark == nil ? row.ports.first?.first : nil
    }
}
