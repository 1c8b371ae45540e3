/// An export has a firewall mark that is not this gateway's to give.
public struct ForeignMarkError: Error, Sendable, Hashable, CustomStringConvertible {
    public let section: String
    public let mark: UInt32
    /// The marks that are.
    public let own: ClosedRange<UInt32>

    public var description: String {
        "section \(section) has mark \(mark), which is not among this gateway's own: "
            + "set marks to a range that has it (\(own.lowerBound)-\(own.upperBound))"
    }
}
