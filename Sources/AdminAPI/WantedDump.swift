import Text

/// The dump of a crash that ADMIN wants a server's node to send.
///
/// The node answers by `PUT /v1/servers/{server}/crashes/{id}/dump` (`text/plain`, at most `Limits.crashDump` bytes), or
/// by `DELETE` of the same path when it has none; it may delete unasked as well, when it removes a dump.
public struct WantedDump: Sendable, Hashable {
    /// The id of the crash.
    public var crash: String
    /// Tells this wish from others for the same dump.
    public var number: Int

    public init(crash: String, number: Int) {
        self.crash = crash
        self.number = number
    }

    /// `ID.NUMBER`; `nil` for another text.
    package init?(_ text: some StringProtocol) {
        let parts = text.splitBytes(".")
        guard parts.count == 2, let number = Int(parts[1]), Self.isID(String(parts[0])) else { return nil }
        self.init(crash: String(parts[0]), number: number)
    }

    /// Whether a text can be the id of a crash, and so the name of a file.
    package static func isID(_ text: String) -> Bool {
        text.utf8.count == 24 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Reads the value of `NodeHeader.dumps`: wishes with spaces between them. What is none is left out.
    package static func list(_ text: String) -> [WantedDump] { text.splitBytes(" ").compactMap { WantedDump($0) } }

    /// The value of `NodeHeader.dumps`; `nil`: there is none.
    package static func text(_ list: [WantedDump]) -> String? {
        list.isEmpty ? nil : list.map { "\($0.crash).\($0.number)" }.joined(separator: " ")
    }
}
