/// An export has a firewall mark outside this gateway's range.
public struct ForeignMarkError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The section that has the mark.
    public let section: String
    /// The mark.
    public let mark: UInt32
    /// This gateway's range of marks.
    public let own: ClosedRange<UInt32>

    public var description: String {
        "section \(section) has mark \(mark), which is not among this gateway's own: "
            + "set marks to a range that has it (\(own.lowerBound)-\(own.upperBound))"
    }
}
