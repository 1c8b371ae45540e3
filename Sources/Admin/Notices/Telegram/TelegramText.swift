import AdminAPI
import Names
import Text

/// The text of a message, as Telegram's HTML or plain.
///
/// Telegram takes 4,096 UTF-16 code units. They are counted with the markup and its escapes, so that both fit.
struct TelegramText: Sendable, Hashable {
    /// In HTML: only `b` and `code`, which never hold each other.
    private(set) var html = ""
    /// The same without markup.
    private(set) var plain = ""

    static let most = 4_096

    /// A message about one notice, or several that say the same.
    init(_ message: NoticeMessage) {
        guard let entry = message.notices.first else { return }
        let word = entry.isResolved ? "resolved" : entry.severity.rawValue
        let times = message.count > 1 ? " (\(message.count) times)" : ""
        bold("\(word): \(entry.title)\(times)")
        let show = "portcullis notices show \(entry.numbers.last ?? 0)"
        let place = entry.location.map { ", at \($0)" } ?? ""
        let footer = TelegramText { text in
            text.line("Since \(Self.time(entry.time))\(place)")
            text.code(show)
        }
        let room = Self.most - html.utf16.count - footer.html.utf16.count - 2
        if let text = entry.text, !text.utf8.isEmpty {
            line(
                NoticeCut.fit(
                    text.printableLines, in: room, mark: "\n[… cut here: \(show) has all of it …]\n", cost: Self.cost))
        }
        append(footer)
    }

    /// A digest: as many lines as there is room for, the worst first.
    init(_ digest: TelegramDigest) {
        let worst = digest.lines.first?.title ?? ""
        bold("\(digest.worst.rawValue): \(digest.count) notices; the worst: \(worst)")
        let footer = TelegramText { text in
            text.line("Notices \(digest.first) to \(digest.last): \(Self.counts(digest))")
            text.code("portcullis notices list --severity \(digest.worst.rawValue)")
        }
        // The line that says how many are left out.
        let room = Self.most - footer.html.utf16.count - 60
        var left = digest.unnamed
        for (index, line) in digest.lines.enumerated() {
            let times = line.count > 1 ? " (\(line.count) times)" : ""
            let word = line.isResolved ? "resolved" : line.severity
            let text = "\(Self.clock(line.time)) \(word): \(line.title)\(times)"
            guard html.utf16.count + 1 + Self.cost(text) <= room else {
                left += digest.lines[index...].map(\.count).reduce(0, +)
                break
            }
            self.line(text)
        }
        if left > 0 { line("… and \(left) more") }
        append(footer)
    }

    private init(_ body: (inout TelegramText) -> Void) { body(&self) }

    // MARK: Parts

    private mutating func bold(_ text: String) { add(text.printable, in: "b") }

    private mutating func code(_ text: String) { add(text.printable, in: "code") }

    private mutating func line(_ text: String) {
        add(text.printableLines, in: nil)
    }

    private mutating func add(_ text: String, in tag: String?) {
        if !html.utf8.isEmpty { (html, plain) = (html + "\n", plain + "\n") }
        html += tag.map { "<\($0)>\(Self.escaped(text))</\($0)>" } ?? Self.escaped(text)
        plain += text
    }

    private mutating func append(_ other: TelegramText) {
        html += "\n" + other.html
        plain += "\n" + other.plain
    }

    private static func escaped(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let entity = entity(scalar) {
                scalars.append(contentsOf: entity.unicodeScalars)
            } else {
                scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    private static func entity(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "<": "&lt;"
        case ">": "&gt;"
        case "&": "&amp;"
        default: nil
        }
    }

    private static func cost(_ scalar: Unicode.Scalar) -> Int {
        entity(scalar)?.utf16.count ?? (scalar.value > 0xFFFF ? 2 : 1)
    }

    private static func cost(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + cost($1) } }

    // MARK: Words

    /// `3 critical, 20 warning`
    private static func counts(_ digest: TelegramDigest) -> String {
        NoticeSeverity.allCases.reversed().filter { digest.count(of: $0) > 0 }
            .map { "\(digest.count(of: $0)) \($0.rawValue)" }.joined(separator: ", ")
    }

    /// `2027-01-15 03:12:09 UTC` of `2027-01-15T03:12:09.114Z`
    private static func time(_ time: String) -> String {
        guard time.utf8.count >= 19 else { return time }
        return "\(String(decoding: time.utf8.prefix(10), as: UTF8.self)) \(clock(time)) UTC"
    }

    /// `03:12:09` of `2027-01-15T03:12:09.114Z`
    private static func clock(_ time: String) -> String {
        String(decoding: time.utf8.dropFirst(11).prefix(8), as: UTF8.self)
    }
}
