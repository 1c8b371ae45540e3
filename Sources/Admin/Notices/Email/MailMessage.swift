import AdminAPI
import Foundation
import Names
import Text

/// A message as mail: UTF-8 in base64, and headers of ASCII alone.
struct MailMessage: Sendable, Hashable {
    /// Lines that end with CRLF.
    private(set) var bytes: [UInt8]

    /// - Parameter date: when it was written.
    init(_ message: NoticeMessage, from: String, to: [String], date: Date) {
        let domain = from.splitBytes("@").last.map { String($0) } ?? "localhost"
        // What may stand in a header is ASCII here: addresses and identifiers are checked, the subject is encoded.
        let headers = [
            "Date: \(Self.date(date))", "From: \(from)", "To: \(to.joined(separator: ",\r\n "))",
            "Subject: \(Self.subject(message))", "Message-ID: <\(message.id)@\(domain)>",
            "Auto-Submitted: auto-generated",
            "Portcullis-Notice: \(message.id)", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
        ]
        bytes = Array((headers.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        let body = Self.body(message).splitBytes("\n").joined(separator: "\r\n") + "\r\n"
        bytes += Data(body.utf8).base64EncodedData(options: [
            .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
        ])
        bytes += [0x0D, 0x0A]
    }

    /// The message as it goes through SMTP after DATA: a dot at the beginning of a line is doubled (RFC 5321, 4.5.2), and a
    /// line with one dot ends it.
    var stuffed: [UInt8] {
        var stuffed: [UInt8] = []
        stuffed.reserveCapacity(bytes.count + 16)
        var isLineStart = true
        for byte in bytes {
            if isLineStart, byte == UInt8(ascii: ".") { stuffed.append(byte) }
            stuffed.append(byte)
            isLineStart = byte == 0x0A
        }
        return stuffed + Array(".\r\n".utf8)
    }

    // MARK: Headers

    private static func subject(_ message: NoticeMessage) -> String {
        let isResolved = message.kind == .notice && message.notices.first?.isResolved == true
        let text = "[\(isResolved ? "resolved" : message.severity.rawValue)] \(message.title.printable)"
        return text.utf8.count <= 66 && text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.hasBytePrefix("=?")
            ? text : encoded(text)
    }

    /// Encoded words (RFC 2047) of at most 68 bytes, each with whole scalars: with `Subject: ` in front, a line has 78.
    static func encoded(_ text: String) -> String {
        var words: [String] = []
        var part: [UInt8] = []
        func flush() {
            if !part.isEmpty { words.append("=?utf-8?B?\(Data(part).base64EncodedString())?=") }
            part = []
        }
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if part.count + bytes.count > 42 { flush() }
            part += bytes
        }
        flush()
        return words.joined(separator: "\r\n ")
    }

    /// `Fri, 15 Jan 2027 03:12:09 +0000` (RFC 5322)
    static func date(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.weekday, .day, .month, .year, .hour, .minute, .second], from: date)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
        return
            "\(days[(parts.weekday ?? 1) - 1]), \(parts.day ?? 1) \(months[(parts.month ?? 1) - 1]) \(parts.year ?? 1970) "
            + "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) +0000"
    }

    // MARK: Body

    private static func body(_ message: NoticeMessage) -> String {
        guard message.kind == .notice, let entry = message.notices.first else { return digest(message) }
        var lines = [message.title.printable]
        if let text = entry.text, !text.utf8.isEmpty { lines += ["", text.printableLines] }
        lines += [
            "", "Severity: \(entry.isResolved ? "resolved, was " : "")\(entry.severity.rawValue)",
            "Since: \(entry.time)\(entry.location.map { ", at \($0)" } ?? "")",
            "portcullis notices show \(entry.numbers.last ?? 0)",
        ]
        return lines.joined(separator: "\n")
    }

    private static func digest(_ message: NoticeMessage) -> String {
        let lines = message.notices.map { entry in
            let times = entry.numbers.count > 1 ? " (\(entry.numbers.count) times)" : ""
            return "\(entry.time) \(entry.isResolved ? "resolved" : entry.severity.rawValue): "
                + "\(entry.title.printable)\(times)"
        }
        return
            ([message.title.printable, ""] + lines + [
                "", "portcullis notices list --severity \(message.severity.rawValue)",
            ])
            .joined(separator: "\n")
    }
}
