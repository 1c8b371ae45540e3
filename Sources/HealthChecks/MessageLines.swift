/// Takes the lines out of the bytes that come over the socket between daemon and prober.
public struct MessageLines: Sendable {
    /// What has come and is no whole line yet.
    private var bytes: [UInt8] = []
    /// Where in `bytes` the next line begins.
    private var start = 0
    /// Up to where there is no line feed.
    private var searched = 0

    public init() {}

    /// Adds bytes that have come.
    public mutating func append(_ more: some Sequence<UInt8>) {
        if start > 0 {
            bytes.removeSubrange(..<start)
            searched -= start
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next line, without its end; `nil`: more must come first. Cost: the length of what is added, however many lines
    /// it has.
    ///
    /// - Throws: if a line is longer than a message may be, or not UTF-8. What follows cannot be told apart then.
    public mutating func next() throws(ProberMessageError) -> String? {
        let end = bytes[searched...].firstIndex(of: 0x0A)
        searched = end.map { $0 + 1 } ?? bytes.count
        guard (end ?? bytes.count) - start <= ProberProtocol.longestLine else {
            throw ProberMessageError("the line has more than \(ProberProtocol.longestLine) bytes")
        }
        guard let end else { return nil }
        defer { start = end + 1 }
        guard let line = String(validating: bytes[start..<end], as: UTF8.self) else {
            throw ProberMessageError("the line is not UTF-8")
        }
        return line
    }
}
