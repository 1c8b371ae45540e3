import AdminAPI

extension ChangeReport {
    var isEmpty: Bool { changes.isEmpty && export.isEmpty && configurations.isEmpty }
}
