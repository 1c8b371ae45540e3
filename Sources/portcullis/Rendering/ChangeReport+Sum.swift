import AdminAPI

extension ChangeReport {
    var isEmpty: Bool { changes.isEmpty && export.isEmpty && configurations.isEmpty }

    /// Both reports in one, with the rows of each location together.
    func followed(by next: ChangeReport) -> ChangeReport {
        var total = self
        total.changes += next.changes
        total.generation = next.generation ?? generation
        total.configurations += next.configurations
        total.warnings += next.warnings.filter { !total.warnings.contains($0) }
        for change in next.export {
            if let index = total.export.firstIndex(where: { $0.location == change.location }) {
                total.export[index].added += change.added
                total.export[index].removed += change.removed
                total.export[index].changed += change.changed
            } else {
                total.export.append(change)
            }
        }
        return total
    }
}
