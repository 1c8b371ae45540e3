package import NetworkTypes

/// There are more sections with firewall marks than marks.
public struct FirewallMarksExhausted: Error, Sendable, Hashable, CustomStringConvertible {
    /// The section that has got none.
    public let id: MarkID

    public var description: String {
        let marks = FirewallMarkSection.marks
        return "no firewall mark is left for \(id): all of \(marks.lowerBound) to \(marks.upperBound) are in use"
    }
}

extension Cloud {
    /// The marks after all present sections have got theirs.
    ///
    /// A section has one mark; UDP beside other protocols has its own (`GatewaySection.separatesDatagrams`). A mark
    /// stays with its section, even after the section is gone, until it is released. New sections get the lowest free
    /// marks, in the order of their names. An explicit `mark` takes precedence. A section that is gone gives up its
    /// mark to an explicit one, and to a new section if no mark is free. Cost: walks over all sections and marks.
    public func allocatingMarks() throws(FirewallMarksExhausted) -> [MarkID: UInt32] {
        let wishes = markWishes()
        let present = Set(wishes.map(\.id))
        var marks = self.marks
        var used = Set<UInt32>()
        for wish in wishes {
            guard let mark = wish.mark else { continue }
            marks[wish.id] = mark
            used.insert(mark)
        }
        for (id, mark) in marks where used.contains(mark) && !present.contains(id) { marks[id] = nil }
        let explicit = Set(wishes.lazy.filter { $0.mark != nil }.map(\.id))
        // If another section now names a mark that was allocated earlier, this is a contradiction; the earlier
        // section keeps its mark.
        used.formUnion(marks.values)
        var goneOnes = marks.keys.filter { !present.contains($0) }.sorted().reversed().map { $0 }
        var candidate = FirewallMarkSection.marks.lowerBound
        for wish in wishes where !explicit.contains(wish.id) && marks[wish.id] == nil {
            while FirewallMarkSection.marks.contains(candidate), used.contains(candidate) { candidate += 1 }
            if FirewallMarkSection.marks.contains(candidate) {
                marks[wish.id] = candidate
                used.insert(candidate)
            } else if let gone = goneOnes.popLast() {
                marks[wish.id] = marks.removeValue(forKey: gone)
            } else {
                throw FirewallMarksExhausted(id: wish.id)
            }
        }
        return marks
    }

    /// The sections that need a mark, and UDP where it has its own.
    package var markedSections: Set<MarkID> { Set(markWishes().map(\.id)) }

    /// The marks that sections need, in the order of names. Walks over all sections.
    private func markWishes() -> [MarkWish] {
        types.values.flatMap { type in type.configuration.gateway.flatMap { $0.markWishes(of: type.name) } }
            .sorted { $0.id < $1.id }
    }

    /// The mark for a section's packets of a protocol; `nil` if the section has none. Until UDP has its own mark, it
    /// has the section's.
    package func mark(of section: GatewaySection, type: String, _ transport: TransportProtocol) -> UInt32? {
        guard case .mark(let fwm) = section.exposure else { return nil }
        let id = SectionID(type: type, section: section.name)
        if transport == .udp, section.separatesDatagrams,
            let mark = fwm.datagramMark ?? marks[MarkID(id, .udp)]
        {
            return mark
        }
        return fwm.mark ?? marks[MarkID(id)]
    }
}
