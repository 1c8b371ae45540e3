extension BidirectionalCollection<UInt8> {
    /// Where the last lines begin; a last line without an end counts. Cost: linear in these lines.
    public func startOfLastLines(_ count: Int) -> Index {
        var (place, left) = (endIndex, count)
        while place > startIndex {
            let before = index(before: place)
            if self[before] == 0x0A || place == endIndex {
                // It ends the line before `place`, which is counted.
                guard left > 0 else { return place }
                left -= 1
            }
            place = before
        }
        return place
    }
}
