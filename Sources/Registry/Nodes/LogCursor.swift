package import AdminAPI
import Names
import Text

/// How far a reader of a log has come. As text it is what clients hand back; only ADMIN knows what it means.
package struct LogCursor: Sendable, Hashable {
    /// The stream that it is of.
    package var stream: String
    /// The server whose log it is.
    package var server: String
    /// Bytes of the stream before it.
    package var offset: Int
    /// Line ends of the stream before it, lost ones included.
    package var lines: Int
    /// The place in the log; `nil`: the node had sent nothing.
    package var position: LogPosition?

    package init(stream: String, server: String, offset: Int = 0, lines: Int = 0, position: LogPosition? = nil) {
        self.stream = stream
        self.server = server
        self.offset = offset
        self.lines = lines
        self.position = position
    }

    /// Reads what `text` wrote; `nil` if it is something else.
    package init?(_ text: String) {
        let parts = text.splitBytes("~").map(String.init)
        guard parts.count == 4 || parts.count == 6, Self.isStream(parts[0]),
            ObjectName.problem(with: parts[1], as: .server) == nil,
            let offset = Self.number(parts[2]), let lines = Self.number(parts[3])
        else { return nil }
        (stream, server, self.offset, self.lines) = (parts[0], parts[1], offset, lines)
        guard parts.count == 6 else { return }
        guard LogPosition.isIdentity(parts[5]), let place = Self.number(parts[4]) else { return nil }
        position = LogPosition(file: parts[5], offset: place)
    }

    /// The cursor as clients have it: nothing in it is encoded in a query.
    package var text: String {
        "\(stream)~\(server)~\(offset)~\(lines)" + (position.map { "~\($0.offset)~\($0.file)" } ?? "")
    }

    private static func isStream(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count) && LogPosition.isIdentity(text)
    }

    private static func number(_ text: String) -> Int? {
        guard let number = Int(text), (0...Limits.logOffset).contains(number), String(number).isExactly(text) else {
            return nil
        }
        return number
    }
}
