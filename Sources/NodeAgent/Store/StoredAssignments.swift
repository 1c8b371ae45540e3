package import AdminAPI
import JSON
package import ServiceSupport
package import Text

/// The last good assignments, and those of services that ADMIN has named before and does not name any more: they stay as
/// they were, also over a restart.
package struct StoredAssignments: Sendable, Hashable {
    /// The ETag, including quotes; `nil`: it did not come from ADMIN.
    package var tag: String?
    package var assignments: Assignments
    /// By service name.
    package var kept: [ExactText: Assignment] = [:]

    private static let format = 1

    package init(tag: String?, assignments: Assignments) {
        self.tag = tag
        self.assignments = assignments
    }

    /// All assignments that are carried out.
    package var all: [ExactText: Assignment] { assignments.services.merging(kept) { assigned, _ in assigned } }

    /// The next state. What is not named any more is kept, unless it was to leave the server.
    package func followed(by next: Assignments, tag: String?) -> StoredAssignments {
        var stored = StoredAssignments(tag: tag, assignments: next)
        for (name, assignment) in all where next.services[name] == nil {
            if assignment.desired == .running || assignment.desired == .stopped { stored.kept[name] = assignment }
        }
        return stored
    }

    // MARK: The file

    package init(reading bytes: [UInt8]) throws(BodyError) {
        let json: JSONValue
        do throws(JSONError) { json = try JSONParser.parse(bytes) } catch { throw BodyError(error) }
        self.init(tag: nil, assignments: try Assignments(json["assignments"] ?? .null, .tolerant))
        if case .string(let tag)? = json["etag"] { self.tag = tag }
        guard case .object(let members)? = json["kept"] else { return }
        for member in members { kept[ExactText(member.name)] = try Assignment(member.value, .tolerant) }
    }

    package var bytes: [UInt8] {
        let names = kept.keys.sorted()
        var members: [JSONValue.Member] = [
            .init(name: "format", value: .integer(Self.format)),
            .init(name: "assignments", value: assignments.json),
            .init(
                name: "kept",
                value: .object(names.map { .init(name: $0.wrappedValue, value: kept[$0]?.json ?? .null) })),
        ]
        // What was refused is not here: the next agent has to be told of it again.
        if let tag, assignments.refusedJobs.isEmpty { members.append(.init(name: "etag", value: .string(tag))) }
        var writer = JSONWriter()
        writer.write(.object(members))
        return writer.bytes
    }

    /// Reads the file; `nil` if there is none.
    package static func load(_ directory: NodeDirectory) throws(FileError) -> StoredAssignments? {
        guard let bytes = try Files.read(directory.assignments) else { return nil }
        do throws(BodyError) { return try StoredAssignments(reading: bytes) } catch {
            throw FileError("read", directory.assignments, reason: "\(error)")
        }
    }

    package func save(_ directory: NodeDirectory) throws(FileError) {
        try Files.replace(directory.assignments, with: bytes, isDurable: true)
    }
}
