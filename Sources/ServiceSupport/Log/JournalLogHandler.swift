import Glibc
public import Logging
import Text

/// Messages to journald over its own protocol (systemd's docs/JOURNAL_NATIVE_PROTOCOL.md), each piece of metadata as a
/// field of its own: `journalctl PORTCULLIS_ETAG=…`.
public struct JournalLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let identifier: String
    private let socket: DatagramSocket
    /// What a message goes to that journald does not take.
    private let fallback: LineLogHandler

    /// - Returns: `nil` when the path is none.
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

    /// A value with a line feed is told by its length, 64 bits little endian; any other ends with the line.
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
