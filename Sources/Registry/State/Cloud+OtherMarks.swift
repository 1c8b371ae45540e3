import Cloud

extension Cloud {
    /// Whether the mark of a present section has changed although its type is none of `changed`.
    func hasOtherMarks(than before: Cloud, of changed: Set<String>) -> Bool {
        guard marks != before.marks else { return false }
        return markedSections.contains { !changed.contains($0.section.type) && marks[$0] != before.marks[$0] }
    }
}
