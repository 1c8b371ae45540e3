package import NetworkTypes

/// More sections with firewall marks than marks.
public struct FirewallMarksExhausted: Error, Sendable, Hashable, CustomStringConvertible {
    /// What needs one.
    public let id: MarkID

    public var description: String {
        let marks = FirewallMarkSection.marks
        return "no firewall mark is left for \(id): all of \(marks.lowerBound) to \(marks.upperBound) are in use"
    }
}

extension Cloud {
    /// The marks after the present sections have got theirs.
    ///
    /// A section has one; UDP beside other protocols has one apart (`GatewaySection.separatesDatagrams`). A mark stays
    /// with its section even while the section is gone, until it is released; a new section gets the lowest free one,
    /// in the order of section names. An explicit `mark` overrides; a section that is gone gives way to it, and to a
    /// new section when no free mark is left.
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
        // A mark allocated earlier that another section now asks for by number is a contradiction, not a reason to
        // move.
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

    /// What holds a mark and has a use for it.
    package var markedSections: Set<MarkID> { Set(markWishes().map(\.id)) }

    /// The marks that sections need, in the order of names. Costs a look at each section.
    private func markWishes() -> [MarkWish] {
        types.values.flatMap { type in type.configuration.gateway.flatMap { $0.markWishes(of: type.name) } }
            .sorted { $0.id < $1.id }
    }

    /// The mark of a section's packets of a protocol; `nil`: it has none. Where UDP has not got its own yet, it is the
    /// section's.
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
