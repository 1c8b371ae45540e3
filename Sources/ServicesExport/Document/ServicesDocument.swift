/// A complete and valid `services.csv`: its bytes and its content.
///
/// It is a value. `updated(with:)` reads a newer file at a cost that grows with the difference.
public struct ServicesDocument: Sendable {
    /// The version that its header names.
    public let version: ServicesCSV.Version
    /// The file.
    public let bytes: [UInt8]
    /// The number of rows, without the header.
    public let rowCount: Int
    /// Every external connection with its real servers, in no particular order.
    public let groups: [ExportGroup]
    /// The egress rules, ascending by name and family.
    public let egress: [EgressRule]

    /// The file without rows, in the newest version.
    public static let empty = Self(emptyOf: .newest)

    init(emptyOf version: ServicesCSV.Version) {
        self.init(version: version, bytes: ServicesCSV.write([], version), rowCount: 0, groups: [], egress: [])
    }

    init(
        version: ServicesCSV.Version, bytes: [UInt8], rowCount: Int, groups: [ExportGroup], egress: [EgressRule]
    ) {
        self.version = version
        self.bytes = bytes
        self.rowCount = rowCount
        self.groups = groups
        self.egress = egress
    }

    /// Reads and checks a whole file.
    public init(parsing bytes: [UInt8]) throws(ServicesCSVError) {
        self = try Self.empty.updated(with: bytes).document
    }

    /// Reads and checks a newer file. Lines it has in common with this one at its start and its end are not read
    /// again, and groups whose rows stay the same stay the same instances; in a file of another version, all is read
    /// again and every group is another instance.
    public func updated(
        with bytes: [UInt8]
    ) throws(ServicesCSVError) -> (document: ServicesDocument, changes: ExportChanges) {
        let version = try ServicesFrame.check(bytes)
        if version == self.version {
            var reader = ServicesReader(previous: self)
            do throws(ServicesCSVError) {
                return try reader.read(bytes)
            } catch {
                // An error that involves several lines is told the same way whatever the previous file was.
                guard rowCount > 0 else { throw error }
            }
        }
        var reader = ServicesReader(previous: Self(emptyOf: version))
        let document = try reader.read(bytes).document
        return (
            document,
            ExportChanges(
                removed: groups, added: document.groups,
                egress: egress == document.egress ? nil : document.egress)
        )
    }

    /// Every row of a real server, in the order of `ServicesCSV.write`. Sorts all rows.
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
    /// The egress rules of the new document; `nil`: those of the old one.
    public var egress: [EgressRule]?

    public init(removed: [ExportGroup] = [], added: [ExportGroup] = [], egress: [EgressRule]? = nil) {
        self.removed = removed
        self.added = added
        self.egress = egress
    }

    /// Whether the documents have the same rows.
    public var isEmpty: Bool { removed.isEmpty && added.isEmpty && egress == nil }
}
