/// A complete and valid `services.csv`: its bytes and its content.
///
/// It is a value. `updated(with:)` reads a newer file at a cost that grows with the difference.
public struct ServicesDocument: Sendable {
    /// The file.
    public let bytes: [UInt8]
    /// The number of rows, without the header.
    public let rowCount: Int
    /// Every external connection with its real servers, in no particular order.
    public let groups: [ExportGroup]

    /// The file that has only a header.
    public static let empty = Self(
        bytes: Array(ServicesCSV.header.utf8) + [ServicesCSV.lineFeed], rowCount: 0, groups: [])

    init(bytes: [UInt8], rowCount: Int, groups: [ExportGroup]) {
        self.bytes = bytes
        self.rowCount = rowCount
        self.groups = groups
    }

    /// Reads and checks a whole file.
    public init(parsing bytes: [UInt8]) throws(ServicesCSVError) {
        self = try Self.empty.updated(with: bytes).document
    }

    /// Reads and checks a newer file. Lines at the beginning and the end that both files share are not read again,
    /// and groups whose rows stay the same remain the same instances.
    public func updated(
        with bytes: [UInt8]
    ) throws(ServicesCSVError) -> (document: ServicesDocument, changes: ExportChanges) {
        var reader = ServicesReader(previous: self)
        do {
            return try reader.read(bytes)
        } catch {
            // Read the whole file again, so that an error that involves several lines does not depend on the previous
            // file.
            guard rowCount > 0 else { throw error }
            reader = ServicesReader(previous: .empty)
            let document = try reader.read(bytes).document
            return (document, ExportChanges(removed: groups, added: document.groups))
        }
    }

    /// Every row, in the order of `ServicesCSV.write`. Sorts all rows.
    public var rows: [ExportRow] {
        groups.flatMap(\.rows).map { ($0, $0.description) }.sorted { $0.1.utf8.lexicographicallyPrecedes($1.1.utf8) }
            .map(\.0)
    }
}

/// The difference between two documents, by instance: a group whose rows changed is in both lists.
public struct ExportChanges: Sendable {
    /// Groups that only the old document has.
    public var removed: [ExportGroup] = []
    /// Groups that only the new document has.
    public var added: [ExportGroup] = []

    public init(removed: [ExportGroup] = [], added: [ExportGroup] = []) {
        self.removed = removed
        self.added = added
    }

    /// Whether the documents have the same rows.
    public var isEmpty: Bool { removed.isEmpty && added.isEmpty }
}
