package import ServicesExport

/// How the kernel represents one egress rule.
extension EgressRule {
    /// The elements of table `inet portcullis`, except addresses, which rules and groups share.
    package var elements: [TableElement] {
        sources.flatMap { source in
            [.inside(source)] + exceptions.map { .exempt(source, to: $0) }
                + addresses.indices.map { .egress(source, slots: slots(of: $0), by: addresses[$0]) }
        }
    }

    /// The hash values of the inside addresses that leave by a public address; `nil` if there is only one: all.
    private func slots(of index: Int) -> ClosedRange<UInt32>? {
        guard addresses.count > 1 else { return nil }
        let (count, all) = (UInt32(addresses.count), PortcullisTable.egressSlots)
        return UInt32(index) * all / count...(UInt32(index) + 1) * all / count - 1
    }
}
