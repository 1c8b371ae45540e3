import Text

/// Why a text is no check.
public struct HealthCheckError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension HealthCheck {
    /// Reads what `description` writes, and nothing else.
    ///
    /// - Throws: if a word is unknown, missing, doubled or out of range, or if the text is not the one that
    ///   `description` gives.
    public init(text: String) throws(HealthCheckError) {
        guard text.utf8.count <= Self.longestText else {
            throw HealthCheckError("is longer than \(Self.longestText) bytes")
        }
        var reader = try HealthCheckReader(text)
        self = try reader.check()
        guard description == text else {
            throw HealthCheckError(
                "is to be written without usual values, and with its keys in the usual order: \(description)")
        }
    }
}

/// Reads the words of a check's text.
private struct HealthCheckReader {
    private let kind: String
    private var values: [String: [[UInt8]]] = [:]

    init(_ text: String) throws(HealthCheckError) {
        let words = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
        kind = String(Substring(words[0]))
        for word in words.dropFirst() {
            guard let mark = word.firstIndex(of: 0x3D) else {
                throw HealthCheckError("\(String(Substring(word)).printed()) is no KEY=VALUE")
            }
            let key = String(Substring(word[..<mark]))
            guard values[key] == nil || key == "arg" else { throw HealthCheckError("\(key.printed()) is there twice") }
            values[key, default: []].append(try Self.decode(word[word.index(after: mark)...], of: key))
        }
    }

    mutating func check() throws(HealthCheckError) -> HealthCheck {
        let probe = try probe()
        let usual = HealthCheck(probe)
        let interval = try time("interval") ?? usual.timing.interval
        let timing = HealthCheck.Timing(
            interval: interval, fastInterval: try time("fast-interval") ?? usual.timing.fastInterval,
            timeout: try time("timeout") ?? usual.timing.timeout,
            rise: try number("rise", in: HealthCheck.counts) ?? usual.timing.rise,
            fall: try number("fall", in: HealthCheck.counts) ?? usual.timing.fall)
        var check = HealthCheck(probe, port: try number("port", in: 1...65_535).map { UInt16($0) }, timing: timing)
        if values["drop-after"] == [Array("never".utf8)] {
            values["drop-after"] = nil
            check.dropAfter = nil
        } else {
            check.dropAfter = try time("drop-after", in: HealthCheck.dropTimes) ?? usual.dropAfter
        }
        if let key = values.keys.min() { throw HealthCheckError("\(key.printed()) is no key of a \(kind) check") }
        return check
    }

    private mutating func probe() throws(HealthCheckError) -> Probe {
        switch kind {
        case "tcp": return .tcp
        case "smtp": return .smtp
        case "ping": return .ping
        case "tls": return .tls(try tls())
        case "http": return .http(try http())
        case "https":
            var http = try http()
            http.tls = try tls()
            return .http(http)
        case "dns":
            let dns = Probe.DNS(
                name: try required("query"), type: try choice("type", Probe.DNS.RecordType.self) ?? .soa)
            guard dns.isNameValid else { throw HealthCheckError("query \(dns.name.printed()) is no name that DNS has") }
            return .dns(dns)
        case "udp":
            guard let send = take("send") else { throw HealthCheckError("\"send\" is missing") }
            return .udp(Probe.UDP(send: send, expect: take("expect")))
        case "command":
            let words = try (values.removeValue(forKey: "arg") ?? []).map { bytes throws(HealthCheckError) in
                try Self.text(bytes, "arg")
            }
            guard !words.isEmpty else { throw HealthCheckError("\"arg\" is missing") }
            return .command(words)
        default: throw HealthCheckError("\(kind.printed()) is no kind of check")
        }
    }

    private mutating func tls() throws(HealthCheckError) -> Probe.TLS {
        Probe.TLS(name: try text("name"), verify: try choice("verify", Probe.Verification.self) ?? .dates)
    }

    private mutating func http() throws(HealthCheckError) -> Probe.HTTP {
        let path = try required("path")
        guard path.utf8.first == 0x2F else { throw HealthCheckError("path \(path.printed()) does not begin with /") }
        return Probe.HTTP(
            path: path, host: try text("host"), statuses: try statuses() ?? Probe.HTTP.success, text: try text("text"))
    }

    private mutating func statuses() throws(HealthCheckError) -> [ClosedRange<Int>]? {
        guard let text = try text("status") else { return nil }
        var ranges: [ClosedRange<Int>] = []
        for part in text.splitBytes(";") {
            guard let range = Probe.HTTP.statuses(part),
                ranges.last.map({ $0.upperBound < range.lowerBound - 1 }) ?? true
            else {
                throw HealthCheckError("status \(text.printed()) is no ascending list of statuses from 200 to 599")
            }
            ranges.append(range)
        }
        return ranges
    }

    // MARK: Values

    private mutating func take(_ key: String) -> [UInt8]? { values.removeValue(forKey: key)?.first }

    private mutating func text(_ key: String) throws(HealthCheckError) -> String? {
        guard let bytes = take(key) else { return nil }
        return try Self.text(bytes, key)
    }

    private static func text(_ bytes: [UInt8], _ key: String) throws(HealthCheckError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw HealthCheckError("\(key) is not UTF-8") }
        return text
    }

    private mutating func required(_ key: String) throws(HealthCheckError) -> String {
        guard let text = try text(key) else { throw HealthCheckError("\"\(key)\" is missing") }
        return text
    }

    private mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, _: Choice.Type
    ) throws(HealthCheckError) -> Choice? {
        guard let text = try text(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw HealthCheckError("\(key) \(text.printed()) is not one of \(known)")
        }
        return choice
    }

    private mutating func number(_ key: String, in range: ClosedRange<Int>) throws(HealthCheckError) -> Int? {
        guard let text = try text(key) else { return nil }
        guard text.utf8.count <= 9, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            range.contains(number)
        else {
            throw HealthCheckError(
                "\(key) \(text.printed()) is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Milliseconds, from a text in seconds.
    private mutating func time(
        _ key: String, in range: ClosedRange<Int> = HealthCheck.times
    ) throws(HealthCheckError) -> Int? {
        guard let text = try text(key) else { return nil }
        let parts = text.splitBytes(".")
        let decimals = parts.count == 2 ? parts[1] : ""
        let digits = String(parts[0]) + decimals + String(repeating: "0", count: max(0, 3 - decimals.utf8.count))
        guard parts.count <= 2, decimals.utf8.count <= 3, digits.utf8.count <= 9,
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let milliseconds = Int(digits),
            range.contains(milliseconds)
        else {
            throw HealthCheckError(
                "\(key) \(text.printed()) is no time from \(HealthCheck.seconds(range.lowerBound)) to "
                    + "\(range.upperBound / 1_000) seconds with at most three decimals")
        }
        return milliseconds
    }

    private static func decode(_ text: Substring.UTF8View.SubSequence, of key: String) throws(HealthCheckError)
        -> [UInt8]
    {
        guard let bytes = PercentEncoding.decode(text) else {
            throw HealthCheckError("\(key): % is not followed by two hexadecimal digits in upper case")
        }
        return bytes
    }
}
