import HealthChecks
import NetworkTypes
import Text

/// Turns a checker of a real server into a check of a section.
struct KeepalivedCheckReader {
    /// The blocks that are checks, as far as the cloud has them.
    static let kinds = [
        "TCP_CHECK", "HTTP_GET", "SSL_GET", "SMTP_CHECK", "DNS_CHECK", "MISC_CHECK", "UDP_CHECK", "PING_CHECK",
    ]

    private var settings: CheckSettings
    private let server: RealServer
    private(set) var notes: [KeepalivedNote] = []
    private var port: UInt16?
    /// `misc_timeout`.
    private var commandTimeout: Int?
    /// The statements that only some kinds have.
    private var own: [KeepalivedStatement] = []

    init(settings: CheckSettings, server: RealServer) {
        self.settings = settings
        self.server = server
    }

    private mutating func note(_ part: KeepalivedStatement, _ reason: String) {
        notes.append(KeepalivedNote(place: part.place, keyword: part.keyword, reason: reason))
    }

    private mutating func noteUnused(
        _ part: KeepalivedStatement, _ reasons: [String: String] = KeepalivedKeywords.check
    ) {
        note(part, reasons[part.keyword] ?? KeepalivedKeywords.reason(part.keyword))
    }

    /// `nil`: it cannot be carried over, as its note says.
    mutating func check(_ statement: KeepalivedStatement) throws(KeepalivedError) -> HealthCheck? {
        try readCommon(statement.statements, of: statement.keyword)
        guard let probe = try probe(statement) else { return nil }
        let check = HealthCheck(
            probe, port: probe.needsPort ? port : nil, timing: timing(statement),
            dropAfter: settings.isInhibited ? nil : 0)
        guard check.description.utf8.count <= HealthCheck.longestText else {
            note(statement, "is left out: written out it has more than \(HealthCheck.longestText) bytes")
            return nil
        }
        return check
    }

    private mutating func readCommon(_ parts: [KeepalivedStatement], of kind: String) throws(KeepalivedError) {
        let isCommand = kind.isExactly("MISC_CHECK")
        let isHTTP = kind.isExactly("HTTP_GET") || kind.isExactly("SSL_GET")
        for part in parts {
            // What a host of SMTP_CHECK had in old versions.
            if part.keyword == "host" {
                try readCommon(part.statements, of: kind)
                continue
            }
            switch part.keyword {
            case "connect_timeout" where isCommand: note(part, "a command has misc_timeout")
            case "connect_port" where isCommand || kind.isExactly("PING_CHECK"): note(part, "this check asks no port")
            case "virtualhost" where !isHTTP: note(part, "only HTTP_GET and SSL_GET ask for a host")
            default: break
            }
            if part.keyword == "warmup" || part.keyword == "alpha" {
                noteUnused(part)
                continue
            }
            if try settings.apply(part) { continue }
            switch part.keyword {
            case "connect_port": port = try part.port(at: 1)
            case "connect_ip":
                if try part.address(at: 1) != server.address { note(part, "a probe goes to the server itself") }
            case "misc_timeout" where isCommand: commandTimeout = try part.milliseconds()
            default: own.append(part)
            }
        }
    }

    private mutating func probe(_ statement: KeepalivedStatement) throws(KeepalivedError) -> Probe? {
        switch statement.keyword {
        case "HTTP_GET": return http(statement, isSecure: false).map { .http($0) }
        case "SSL_GET": return http(statement, isSecure: true).map { .http($0) }
        case "DNS_CHECK": return dns(statement).map { .dns($0) }
        case "MISC_CHECK": return command(statement)
        case "UDP_CHECK": return try datagram(statement).map { .udp($0) }
        default:
            for part in own { noteUnused(part) }
            switch statement.keyword {
            case "SMTP_CHECK": return .smtp
            case "PING_CHECK": return .ping
            default: return .tcp
            }
        }
    }

    // MARK: Times

    private mutating func timing(_ statement: KeepalivedStatement) -> HealthCheck.Timing {
        let kind = statement.keyword
        func clamped(_ time: Int, _ name: String) -> Int {
            let range = HealthCheck.times
            let result = min(max(time, range.lowerBound), range.upperBound)
            if result != time {
                note(statement, "\(name) becomes \(result) ms: a time is 0.1 seconds to an hour")
            }
            return result
        }
        let interval = clamped(settings.delayLoop ?? 60_000, "delay_loop")
        let isCommand = kind.isExactly("MISC_CHECK")
        let wait = clamped(
            isCommand ? commandTimeout ?? interval : settings.connectTimeout ?? 5_000,
            isCommand ? "misc_timeout" : "connect_timeout")
        if wait > interval {
            note(statement, "the time that a probe may take becomes that of delay_loop, \(interval) ms")
        }
        let retry = settings.retry ?? (kind.isExactly("DNS_CHECK") ? 3 : isCommand ? 0 : 1)
        if retry >= HealthCheck.counts.upperBound {
            note(statement, "retry becomes \(HealthCheck.counts.upperBound - 1)")
        }
        let pause =
            settings.delayBeforeRetry
            ?? (kind.isExactly("DNS_CHECK")
                ? interval : kind.isExactly("HTTP_GET") || kind.isExactly("SSL_GET") ? 3_000 : 1_000)
        // Without a retry nothing is ever asked faster.
        let fast = retry == 0 ? HealthCheck.Timing().fastInterval : max(pause, HealthCheck.times.lowerBound)
        if let told = settings.delayBeforeRetry, retry > 0, min(fast, interval) != told {
            note(
                statement,
                "delay_before_retry becomes \(min(fast, interval)) ms: it is 0.1 seconds at least, and delay_loop at "
                    + "most")
        }
        return HealthCheck.Timing(
            interval: interval, fastInterval: min(fast, interval), timeout: min(wait, interval), rise: 1,
            fall: min(retry + 1, HealthCheck.counts.upperBound))
    }

    // MARK: Kinds

    private mutating func http(_ statement: KeepalivedStatement, isSecure: Bool) -> Probe.HTTP? {
        let urls = own.filter { $0.keyword == "url" }
        for part in own where part.keyword != "url" {
            switch part.keyword {
            case "enable_sni":
                if let value = part.value, ["off", "false", "no"].contains(value) {
                    note(part, "SNI is always sent where there is a virtualhost")
                }
            case "http_protocol":
                if part.value != "1.1" { note(part, "requests are HTTP/1.1 with Connection: close") }
            default: noteUnused(part)
            }
        }
        for other in urls.dropFirst() { note(other, "a section asks for one URL: the first is carried over") }
        guard let url = urls.first else {
            note(statement, "is left out: it has no url")
            return nil
        }
        var http = Probe.HTTP(path: "/", host: settings.virtualHost, statuses: [])
        for part in url.statements {
            switch part.keyword {
            case "path":
                let path = part.value ?? ""
                guard path.hasBytePrefix("/"), path.utf8.count <= 1_024,
                    path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
                else {
                    return leftOut(part, "\(path.printed(atMost: 100)) is no path that begins with / in 1024 bytes")
                }
                http.path = path
            case "status_code": http.statuses += statuses(part)
            case "virtualhost": http.host = part.value
            case "regex":
                if let text = part.value, Self.isPlain(text) {
                    http.text = text
                } else {
                    note(part, "there are no regular expressions: add \"text\" to the check")
                }
            default: noteUnused(part, KeepalivedKeywords.url)
            }
        }
        http.statuses = http.statuses.isEmpty ? [200...299] : Self.joined(http.statuses)
        if let host = http.host, !Self.isName(host, allowing: ":[]") {
            return leftOut(statement, "\(host.printed(atMost: 100)) is no name of a host")
        }
        // keepalived does not look at the certificate.
        if isSecure { http.tls = Probe.TLS(name: http.host.flatMap(Self.serverName), verify: .none) }
        return http
    }

    /// Notes why a check cannot be carried over.
    private mutating func leftOut<Result>(_ part: KeepalivedStatement, _ reason: String) -> Result? {
        note(part, "\(reason): the check is left out")
        return nil
    }

    /// Whether a check may name it: letters, digits, dots, hyphens and underscores.
    private static func isName(_ name: String, allowing others: String = "") -> Bool {
        (1...255).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: others.utf8.contains(byte)
                }
            }
    }

    private static func serverName(_ host: String) -> String? {
        let name = String(host.splitBytes(":")[0])
        return name.isEmpty || host.hasByte("[") || IPAddress(host) != nil || IPAddress(name) != nil ? nil : name
    }

    private static func isPlain(_ text: String) -> Bool {
        (1...1_024).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { !"\\^$.|?*+()[]{}".unicodeScalars.contains($0) && $0.value >= 0x20 }
    }

    /// `200-299 404`
    private mutating func statuses(_ part: KeepalivedStatement) -> [ClosedRange<Int>] {
        part.words.dropFirst().compactMap { word in
            let range = Probe.HTTP.statuses(word)
            if range == nil {
                note(
                    part, "\(word.printed(atMost: 100)) is left out: a status, or a range of them, is within 200 to 599"
                )
            }
            return range
        }
    }

    /// Ascending ranges, apart from each other.
    private static func joined(_ ranges: [ClosedRange<Int>]) -> [ClosedRange<Int>] {
        var joined: [ClosedRange<Int>] = []
        for range in ranges.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            if let last = joined.last, range.lowerBound <= last.upperBound + 1 {
                joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
    }

    private mutating func dns(_ statement: KeepalivedStatement) -> Probe.DNS? {
        var dns = Probe.DNS(name: "")
        for part in own {
            switch part.keyword {
            case "type":
                guard let type = part.value.flatMap({ Probe.DNS.RecordType(rawValue: $0.lowercased()) }) else {
                    return leftOut(
                        part, "\((part.value ?? "").printed(atMost: 100)) is no type of records that can be asked for")
                }
                dns.type = type
            case "name":
                let name = part.value ?? ""
                dns.name = name.hasByteSuffix(".") ? String(name.dropLast()) : name
                guard dns.name.isEmpty || Self.isName(dns.name) && dns.isNameValid else {
                    return leftOut(part, "\(name.printed(atMost: 100)) is no name that can be asked for")
                }
            default: noteUnused(part)
            }
        }
        return dns
    }

    /// The words of `misc_path`, split as keepalived does. The server's own address becomes the prober's variable, so
    /// that all servers have the same command.
    private mutating func command(_ statement: KeepalivedStatement) -> Probe? {
        var line: KeepalivedStatement?
        for part in own {
            if part.keyword == "misc_path" { line = part } else { noteUnused(part) }
        }
        guard let line, let words = Self.words(line.words.dropFirst().joined(separator: " ")),
            let program = words.first,
            program.hasBytePrefix("/")
        else {
            note(statement, "a command needs misc_path with the absolute path of a program")
            return nil
        }
        guard words.count <= 64, words.allSatisfy({ $0.utf8.count <= 1_024 && !$0.utf8.contains(0) }),
            words.count > 1 || !program.hasByte(" ")
        else {
            return leftOut(line, "a command has up to 64 words of up to 1024 bytes, and no space in its program's path")
        }
        let address = server.address.description
        guard words.dropFirst().contains(where: { $0.isExactly(address) }) else { return .command(words) }
        let quoted = words.map { word in
            word.isExactly(address)
                ? "\"$PORTCULLIS_ADDRESS\"" : "'" + word.splitBytes("'").joined(separator: "'\\''") + "'"
        }
        return .command(["/bin/sh", "-c", "exec " + quoted.joined(separator: " ")])
    }

    /// Words between spaces; single quotes keep spaces.
    private static func words(_ text: String) -> [String]? {
        var words: [[UInt8]] = []
        var word: [UInt8]?
        var isQuoted = false
        for byte in text.utf8 {
            if byte == 0x27 {
                isQuoted.toggle()
                word = word ?? []
            } else if byte == 0x20, !isQuoted {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? []) + [byte]
            }
        }
        if let word { words.append(word) }
        return isQuoted ? nil : words.map { String(decoding: $0, as: UTF8.self) }
    }

    private mutating func datagram(_ statement: KeepalivedStatement) throws(KeepalivedError) -> Probe.UDP? {
        var udp = Probe.UDP(send: [], expect: nil)
        for part in own {
            switch part.keyword {
            case "payload": udp.send = try Self.bytes(part).bytes
            case "require_reply":
                let (bytes, isCut) = part.value == nil ? ([], false) : try Self.bytes(part)
                udp.expect = bytes.isEmpty ? nil : bytes
                if bytes.isEmpty { note(part, "an answer is not required unless its first bytes are given") }
                if isCut { note(part, "is compared up to the first X only") }
            default: noteUnused(part)
            }
        }
        guard udp.send.count <= 1_024, udp.expect?.count ?? 0 <= 1_024 else {
            return leftOut(statement, "a datagram has up to 1024 bytes")
        }
        if udp.send.isEmpty {
            udp.send = [0]
            note(statement, "one zero byte is sent instead of a random payload")
        }
        return udp
    }

    /// Hexadecimal digits in words: a word with an odd number of them ends with a byte of one digit. Up to the first
    /// byte with an X, which stands for any digit.
    private static func bytes(_ part: KeepalivedStatement) throws(KeepalivedError) -> (bytes: [UInt8], isCut: Bool) {
        var bytes: [UInt8] = []
        for word in part.words.dropFirst() {
            var rest = Array(word.utf8)[...]
            while !rest.isEmpty {
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                rest = rest.dropFirst(2)
                if digits.utf8.contains(where: { $0 == 0x58 || $0 == 0x78 }) { return (bytes, true) }
                guard digits.utf8.first != 0x2B, let byte = UInt8(digits, radix: 16) else {
                    throw part.fault("\(word.printed()) has other than hexadecimal digits")
                }
                bytes.append(byte)
            }
        }
        return (bytes, false)
    }
}
