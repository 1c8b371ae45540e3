/// Lines of a service's log as messages of syslog (RFC 5424), framed by their lengths (RFC 6587, octet counting).
package struct SyslogMessages: Sendable {
    /// local0.
    private static let facility = 16
    private static let info = 6
    private static let warning = 4

    /// What all have in common: `1 TIME HOST SERVICE - - - `.
    private let head: [UInt8]
    package private(set) var bytes: [UInt8] = []

    /// - Parameters:
    ///   - host: the server's name.
    ///   - time: the time of the messages (RFC 3339).
    package init(host: String, service: String, time: String) {
        head = Array("1 \(time) \(host) \(service) - - - ".utf8)
    }

    /// Adds the lines of some bytes. What follows the last end of a line is a line, too.
    package mutating func add(_ lines: ArraySlice<UInt8>) {
        var rest = lines
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
            addLine(rest[..<end])
            rest = end < rest.endIndex ? rest[(end + 1)...] : []
        }
    }

    /// Adds a line, whose severity is what `<N>` says before it, as sd-daemon(3) has it.
    private mutating func addLine(_ line: ArraySlice<UInt8>) {
        let start = line.startIndex
        guard line.count >= 3, line[start] == UInt8(ascii: "<"), line[start + 2] == UInt8(ascii: ">"),
            (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(line[start + 1])
        else { return add(line, Self.info) }
        add(line.dropFirst(3), Int(line[start + 1] - UInt8(ascii: "0")))
    }

    /// Adds what the node itself says of the log.
    package mutating func addNote(_ text: String) { add(Array("portcullis-node: \(text)".utf8)[...], Self.warning) }

    private mutating func add(_ text: ArraySlice<UInt8>, _ severity: Int) {
        let priority = Array("<\(Self.facility * 8 + severity)>".utf8)
        bytes += Array("\(priority.count + head.count + text.count) ".utf8)
        bytes += priority
        bytes += head
        bytes += text
    }
}
