extension [String] {
    /// The first texts, and how many more there are: `gw1, gw2 and 7 more`.
    func joined(atMost count: Int, separator: String = ", ") -> String {
        guard self.count > count else { return joined(separator: separator) }
        return prefix(count).joined(separator: separator) + " and \(self.count - count) more"
    }
}
