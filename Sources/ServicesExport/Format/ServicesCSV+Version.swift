extension ServicesCSV {
    /// A version of the format: the columns that its header names.
    ///
    /// ADMIN writes every version, and each gateway asks for the newest that it reads, so that machines can be upgraded
    /// one by one. What an older version cannot express is either left out of it, where a gateway does no harm without
    /// it, or not written in it at all (`ExportRow.minimumVersion`).
    public enum Version: Int, Sendable, CaseIterable, Comparable {
        /// The first one. Its media type has no `version` parameter: gateways of its time know of no other.
        case one = 1
        /// Adds the columns of `ConnectionOptions`, and rows of method `snat` (`EgressRule`).
        case two = 2

        public static let newest = Self.two

        public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

        /// The version that brought the column.
        static func introducing(_ column: Column) -> Self {
            switch column {
            case .maximumConnections, .maximumRate, .limit, .onePacket, .persistenceMask, .hairpin, .check, .slowStart,
                .minimum, .sorry, .exceptions:
                .two
            default: .one
            }
        }

        /// The columns, in the order of the file.
        public var columns: [Column] { Self.columns[rawValue - 1] }

        private static let columns = allCases.map { version in
            Column.allCases.filter { introducing($0) <= version }
        }

        /// The header line, without its line feed.
        public var header: String { Self.headers[rawValue - 1] }

        private static let headers = allCases.map { $0.columns.map(\.name).joined(separator: ",") }

        /// The place of a column in a line; `nil`: this version has no such column.
        func index(of column: Column) -> Int? { Self.indices[rawValue - 1][column.rawValue] }

        private static let indices = allCases.map { version in
            Column.allCases.map { version.columns.firstIndex(of: $0) }
        }

    }
}
