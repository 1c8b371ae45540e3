/// More sections with firewall marks than marks.
public struct FirewallMarksExhausted: Error, Sendable, Hashable, CustomStringConvertible {
    public let section: SectionID

    public var description: String {
        let marks = FirewallMarkSection.marks
        return "no firewall mark is left for \(section): all of \(marks.lowerBound) to \(marks.upperBound) are in use"
    }
}

extension Cloud {
    /// The marks after the present sections have got theirs.
    ///
    /// A mark stays with its section even while the section is gone, until it is released; a new section gets the lowest
    /// free one, in the order of section names. An explicit `mark` overrides; a section that is gone gives way to it, and
    /// to a new section when no free mark is left.
    public func allocatingMarks() throws(FirewallMarksExhausted) -> [SectionID: UInt32] {
        let sections = markSections()
        let present = Set(sections.map(\.id))
        var marks = self.marks
        var used = Set<UInt32>()
        for case (let id, let mark?) in sections {
            marks[id] = mark
            used.insert(mark)
        }
        for (id, mark) in marks where used.contains(mark) && !present.contains(id) { marks[id] = nil }
        let explicit = Set(sections.lazy.filter { $0.mark != nil }.map(\.id))
        // A mark allocated earlier that another section now asks for by number is a contradiction, not a reason to move.
        used.formUnion(marks.values)
        var goneOnes = marks.keys.filter { !present.contains($0) }.sorted().reversed().map { $0 }
        var candidate = FirewallMarkSection.marks.lowerBound
        for section in sections where !explicit.contains(section.id) && marks[section.id] == nil {
            while FirewallMarkSection.marks.contains(candidate), used.contains(candidate) { candidate += 1 }
            if FirewallMarkSection.marks.contains(candidate) {
                marks[section.id] = candidate
                used.insert(candidate)
            } else if let gone = goneOnes.popLast() {
                marks[section.id] = marks.removeValue(forKey: gone)
            } else {
                throw FirewallMarksExhausted(section: section.id)
            }
        }
        return marks
    }

    /// The sections that want a firewall mark.
    var markedSections: Set<SectionID> { Set(markSections().map(\.id)) }

    /// The sections with firewall marks in the order of their names, each with its explicit mark.
    private func markSections() -> [(id: SectionID, mark: UInt32?)] {
        types.values.flatMap { type in
            type.configuration.gateway.compactMap { section -> (id: SectionID, mark: UInt32?)? in
                guard case .mark(let fwm) = section.exposure else { return nil }
                return (SectionID(type: type.name, section: section.name), fwm.mark)
            }
        }.sorted { $0.id < $1.id }
    }
}
