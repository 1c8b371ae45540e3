import Glibc
public import Logging
import Text

/// Sends messages to journald over its native protocol (systemd's docs/JOURNAL_NATIVE_PROTOCOL.md), with each item of
/// metadata as its own field: `journalctl PORTCULLIS_ETAG=…`.
public struct JournalLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let identifier: String
    private let socket: DatagramSocket
    /// Writes messages that journald does not accept.
    private let fallback: LineLogHandler

    /// - Returns: `nil` if the path is no valid socket name.
    public init?(identifier: String, logLevel: Logger.Level, path: String = "/run/systemd/journal/socket") {
        guard let socket = DatagramSocket(path) else { return nil }
        self.identifier = identifier
        self.logLevel = logLevel
        self.socket = socket
        fallback = LineLogHandler(logLevel: logLevel, style: .journal)
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
        var datagram = [UInt8]()
        Self.put("MESSAGE", "\(event.message)".printableLines, into: &datagram)
        Self.put("PRIORITY", "\(event.level.priority)", into: &datagram)
        Self.put("SYSLOG_IDENTIFIER", identifier, into: &datagram)
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            Self.put(Self.fieldName(key), "\(value)".printable, into: &datagram)
        }
        if !socket.send(datagram) { fallback.log(event: event) }
    }

    /// `PORTCULLIS_ETAG`: letters, digits and underscores.
    static func fieldName(_ key: String) -> String {
        // exact: keys of metadata are our own
        "PORTCULLIS_" + String(key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    /// Appends a field. A value that contains a line feed is preceded by its length in 64 bits, little endian; any
    /// other value ends with the line.
    package static func put(_ name: String, _ value: String, into datagram: inout [UInt8]) {
        let bytes = Array(value.utf8)
        datagram += name.utf8
        if bytes.contains(0x0A) {
            datagram.append(0x0A)
            withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { datagram += $0 }
        } else {
            datagram.append(UInt8(ascii: "="))
        }
        datagram += bytes
        datagram.append(0x0A)
    }
}
