import AdminAPI
import GRDB

extension Registry {
    /// Every firewall mark that a section holds, that of a section that is gone too, ascending.
    func marks() async throws -> [MarkResource] {
        let cloud = try await state().cloud
        let times = try await RegistryError.translating { try await database.read(RegistryRows.markTimes) }
        let present = cloud.markedSections
        return cloud.marks.map { id, mark in
            MarkResource(
                mark: Int(mark), type: id.type, section: id.section, since: times[id], inUse: present.contains(id))
        }.sorted { $0.mark < $1.mark }
    }
}
