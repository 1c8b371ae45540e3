extension RolloutPolicy.BatchSize: LosslessStringConvertible {
    /// The texts that are read, as a regular expression of JSON Schema.
    public static let pattern = "^([1-9][0-9]{0,3}|10000|([1-9][0-9]?|100)%)$"
    /// The rule, for messages.
    public static let rule =
        "a number of instances from \(RolloutPolicy.batches.lowerBound) to \(RolloutPolicy.batches.upperBound), "
        + "or a share from \(RolloutPolicy.shares.lowerBound)% to \(RolloutPolicy.shares.upperBound)%"

    /// Reads `2` or `25%`, decimal digits without a sign or leading zeros; `nil` if the text is neither, or out of
    /// range.
    public init?(_ text: String) {
        let isShare = text.utf8.last == UInt8(ascii: "%")
        let digits = isShare ? text.utf8.dropLast() : text.utf8[...]
        guard (1...5).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }), digits.first != 0x30,
            let number = Int(Substring(digits))
        else { return nil }
        guard (isShare ? RolloutPolicy.shares : RolloutPolicy.batches).contains(number) else { return nil }
        self = isShare ? .percent(number) : .instances(number)
    }

    /// `2`, `25%`
    public var description: String {
        switch self {
        case .instances(let count): "\(count)"
        case .percent(let share): "\(share)%"
        }
    }
}
