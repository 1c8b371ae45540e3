package import AdminAPI
import Cloud
import GRDB
import NetworkTypes

extension Registry {
    /// Every firewall mark that a section holds, that of a section that is gone too, ascending.
    package func marks() async throws -> [MarkResource] {
        let cloud = try await state().cloud
        let times = try await RegistryError.translating { try await database.read(RegistryRows.markTimes) }
        let present = cloud.markedSections
        return cloud.marks.map { id, mark in
            MarkResource(
                mark: Int(mark), type: id.section.type, section: id.section.section,
                transport: id.transport?.description,
                since: times[id], inUse: present.contains(id))
        }.sorted { $0.mark < $1.mark }
    }

    /// Gives UDP its marks in a registry of a version that had one mark for all protocols of a section, so that the
    /// export changes with the upgrade and not with somebody's next change. Where that cannot be (a type that cannot be
    /// read, no mark left) the marks stay as they are.
    func allocateDatagramMarks() throws {
        let time = Timestamp.text(now())
        try database.write { db in
            guard let cloud = try? RegistryRows.load(db).cloud, let marks = try? cloud.allocatingMarks(),
                marks != cloud.marks
            else { return }
            try RegistryRows.storeMarks(db, from: cloud.marks, to: marks, time: time)
            try RegistryRows.setGeneration(db, try RegistryRows.generation(db) + 1)
        }
    }
}

extension Cloud {
    /// Whether a section that has a mark in use has another than before, though it is of none of the types.
    func hasOtherMarks(than before: Cloud, of changed: Set<String>) -> Bool {
        guard marks != before.marks else { return false }
        return markedSections.contains { !changed.contains($0.section.type) && marks[$0] != before.marks[$0] }
    }
}
