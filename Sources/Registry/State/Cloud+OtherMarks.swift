import Cloud

extension Cloud {
    /// Whether a section that has a mark in use has another than before, though it is of none of the types.
    func hasOtherMarks(than before: Cloud, of changed: Set<String>) -> Bool {
        guard marks != before.marks else { return false }
        return markedSections.contains { !changed.contains($0.section.type) && marks[$0] != before.marks[$0] }
    }
}
