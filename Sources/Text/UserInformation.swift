extension StringProtocol {
    /// The text of a URL, valid or not, with `***` in the place of user and password: for messages.
    public var withoutUserInformation: String {
        let start = firstBytes("//")?.upperBound ?? startIndex
        let end = self[start...].utf8.firstIndex { "/?#".utf8.contains($0) } ?? endIndex
        guard let at = self[start..<end].lastByte("@") ?? self[start...].lastByte("@") else { return String(self) }
        return "\(self[..<start])***\(self[at...])"
    }
}
