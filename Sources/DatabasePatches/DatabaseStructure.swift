package import Text

/// What a database is made of, without its rows: the definition of each table, column, index and so on.
package struct DatabaseStructure: Sendable, Hashable {
    /// A part, such as `column public.devices.name`.
    package struct Part: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// `table`, `column`, `index` …
        @ExactText package var kind: String
        /// With the schema and table that it is in.
        @ExactText package var name: String

        package init(kind: String, name: String) {
            self.kind = kind
            self.name = name
        }

        package static func < (one: Self, other: Self) -> Bool {
            (ExactText(one.name), ExactText(one.kind)) < (ExactText(other.name), ExactText(other.kind))
        }

        package var description: String { "\(kind) \(name.printable)" }
    }

    /// What differs between two databases.
    package struct Difference: Sendable, Hashable {
        package let part: Part
        /// The definition by the files; `nil` if they make no such part.
        package let wanted: String?
        /// The definition in the database; `nil` if it has no such part.
        package let found: String?

        package init(part: Part, wanted: String?, found: String?) {
            self.part = part
            self.wanted = wanted
            self.found = found
        }
    }

    /// Each part with its definition.
    package private(set) var parts: [Part: String] = [:]

    package init() {}

    /// Adds a part. A second one of the same kind and name, such as a constraint without a name, is added to the first.
    package mutating func add(_ kind: String, _ name: String, _ definition: String) {
        let part = Part(kind: kind, name: name)
        parts[part] = parts[part].map { "\($0); \(definition)" } ?? definition
    }

    /// What differs in a database from this structure, in the order of the names. What belongs to a table that one side
    /// lacks is left out; its columns are in the definition of the table.
    package func differences(in other: DatabaseStructure) -> [Difference] {
        let all = Set(parts.keys).union(other.parts.keys)
        let differing = all.compactMap { part -> Difference? in
            let (wanted, found) = (parts[part], other.parts[part])
            if let wanted, let found, wanted.isExactly(found) { return nil }
            guard part.kind.isExactly("table"), wanted == nil || found == nil else {
                return Difference(part: part, wanted: wanted, found: found)
            }
            return Difference(
                part: part, wanted: wanted.map { whole(part, $0) }, found: found.map { other.whole(part, $0) })
        }
        let absent = Set(
            differing.filter { ($0.wanted == nil || $0.found == nil) && $0.part.kind.isExactly("table") }
                .map { ExactText($0.part.name) })
        return differing.filter { difference in
            guard !difference.part.kind.isExactly("table"), let dot = difference.part.name.lastByte(".") else {
                return true
            }
            return !absent.contains(ExactText(difference.part.name[..<dot]))
        }.sorted { $0.part < $1.part }
    }

    /// The definition of a table with its columns, in the order of their names. Cost: walks over all parts.
    private func whole(_ table: Part, _ definition: String) -> String {
        let prefix = "\(table.name)."
        let columns = parts.filter { $0.key.kind.isExactly("column") && $0.key.name.hasBytePrefix(prefix) }
            .sorted { $0.key < $1.key }
            .map {
                String(
                    "\(Substring($0.key.name.utf8.dropFirst(prefix.utf8.count))) \($0.value)".withoutSurroundingSpace)
            }
        let all = columns.isEmpty ? "" : "(\(columns.joined(separator: ", ")))"
        return String("\(all) \(definition)".withoutSurroundingSpace)
    }
}
