extension TableChange {
    /// Finds out which limiters come and go with the elements.
    /// - Parameter isWhole: whether the table was just read, so that it may have limiters that no element leads to.
    ///
    /// Cost: grows with the elements of the table if a limit goes or the table was just read; otherwise with the change.
    mutating func settleLimiters(in table: KernelState.Table, isWhole: Bool) {
        let coming = Set(added.lazy.compactMap(\.limiter))
        guard !(coming.isEmpty && table.limiters.isEmpty) else { return }
        limiters.made = coming.subtracting(table.limiters).sorted()
        if isWhole || removed.contains(where: { $0.limiter != nil }) {
            let leaving = Set(removed)
            let led = table.elements.lazy.filter { $0.limiter != nil && !leaving.contains($0) }.compactMap(\.limiter)
            limiters.deleted = table.limiters.subtracting(coming).subtracting(led).sorted()
        }
        if case .rules = skeleton { limiters.kept = table.limiters.subtracting(limiters.deleted).sorted() }
    }
}
