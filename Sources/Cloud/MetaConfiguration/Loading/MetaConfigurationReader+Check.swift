import HealthChecks
import NetworkTypes
import Text
import YAML

extension MetaConfigurationReader {
    /// The kinds of checks, in the order in which messages list them. `tls` beside `http` is no kind.
    private static let kinds = ["tcp", "tls", "http", "https", "dns", "smtp", "udp", "ping", "command"]
    /// The keys that every kind has.
    private static let commonKeys = ["interval", "timeout", "rise", "fall", "fast-interval", "drop-after"]
    /// The keys that only HTTP has.
    private static let httpKeys = ["host", "status", "text", "tls"]

    /// `tcp`, or `{http: /health, port: 8080, interval: 2s}`.
    mutating func healthCheck(_ node: YAMLNode) -> HealthCheck? {
        guard case .mapping = node.content, node.tag == nil else {
            return diagnostics.attempt { () throws(YAMLError) in
                guard case .scalar = node.content, node.tag == nil, !node.isNull else {
                    throw node.unexpected("a kind of check (\(Self.kinds.joined(separator: ", "))) or a mapping")
                }
                return HealthCheck(try Self.bareProbe(try node.choice(Self.kinds, "kind of check"), at: node))
            }
        }
        let keys = Self.kinds + ["port"] + Self.httpKeys.dropLast() + Self.commonKeys
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "a check"),
            let kind = kind(of: mapping), let value = mapping[kind]
        else { return nil }
        reportForeignKeys(of: mapping, kind: kind)
        let faults = diagnostics.errors.count
        let probe = probe(kind, value, mapping)
        let port =
            kind == "ping" || kind == "command"
            ? nil : diagnostics.optional(mapping["port"]) { node throws(YAMLError) in try node.port() }
        let timing = timing(mapping)
        let dropAfter = dropAfter(mapping["drop-after"])
        guard let probe, faults == diagnostics.errors.count else { return nil }
        let check = HealthCheck(probe, port: port, timing: timing, dropAfter: dropAfter)
        guard check.description.utf8.count <= HealthCheck.longestText else {
            diagnostics.report(
                node.position, "the check is too long: written out it has more than \(HealthCheck.longestText) bytes")
            return nil
        }
        return check
    }

    private mutating func kind(of mapping: YAMLMapping) -> String? {
        let isHTTP = mapping["http"] != nil || mapping["https"] != nil
        // exact: the kinds are ASCII words of this file
        let found = Self.kinds.filter { mapping[$0] != nil && !(isHTTP && $0 == "tls") }
        guard let kind = found.first else {
            diagnostics.report(
                mapping.position, "a check needs a kind: one of \(Self.kinds.joined(separator: ", "))")
            return nil
        }
        for other in found.dropFirst() {
            diagnostics.report(
                mapping.keyPosition(other), "a check has one kind: \"\(kind)\" or \"\(other)\", not both")
        }
        return found.count == 1 ? kind : nil
    }

    private mutating func reportForeignKeys(of mapping: YAMLMapping, kind: String) {
        var foreign = kind == "http" || kind == "https" ? [] : Array(Self.httpKeys.dropLast())
        if kind == "ping" || kind == "command" { foreign.append("port") }
        for key in foreign where mapping[key] != nil {
            diagnostics.report(
                mapping.keyPosition(key), "a \(kind) check has no \"\(key)\"")
        }
    }

    // MARK: Kinds

    /// The probe of a kind that stands alone.
    private static func bareProbe(_ kind: String, at node: YAMLNode) throws(YAMLError) -> Probe {
        switch kind {
        case "tcp": .tcp
        case "tls": .tls(Probe.TLS())
        case "http": .http(Probe.HTTP(path: "/"))
        case "https": .http(Probe.HTTP(path: "/", tls: Probe.TLS()))
        case "dns": .dns(Probe.DNS(name: ""))
        case "smtp": .smtp
        case "ping": .ping
        case "udp":
            throw YAMLError(node.position, "a udp check needs what to send: {udp: {send: PING, expect: PONG}}")
        default:
            throw YAMLError(
                node.position, "a command check needs a program with its arguments: {command: [/usr/local/bin/check]}")
        }
    }

    private mutating func probe(_ kind: String, _ value: YAMLNode, _ mapping: YAMLMapping) -> Probe? {
        switch kind {
        case "http", "https":
            return http(value, mapping, isSecure: kind == "https").map { .http($0) }
        case "tls":
            return tls(value, host: nil, key: "tls").map { .tls($0 ?? Probe.TLS()) }
        case "dns":
            return dns(value).map { .dns($0) }
        case "udp":
            return datagram(value).map { .udp($0) }
        case "command":
            return diagnostics.attempt { () throws(YAMLError) in .command(try value.checkCommand()) }
        default:
            return diagnostics.attempt { () throws(YAMLError) in
                guard value.isNull || value.tag == nil && value.scalar?.resolved == .boolean(true) else {
                    throw value.unexpected("nothing or true: a \(kind) check has no value")
                }
                return try Self.bareProbe(kind, at: value)
            }
        }
    }

    private mutating func http(_ value: YAMLNode, _ mapping: YAMLMapping, isSecure: Bool) -> Probe.HTTP? {
        let path = value.isNull ? "/" : diagnostics.optional(value) { node throws(YAMLError) in try node.checkPath() }
        let host = diagnostics.optional(mapping["host"]) { node throws(YAMLError) in
            try node.hostName("a host", allowing: [":", "[", "]"])
        }
        let statuses = diagnostics.optional(mapping["status"]) { node throws(YAMLError) in try node.statuses() }
        let text = diagnostics.optional(mapping["text"]) { node throws(YAMLError) -> String in
            let text = try node.text("a text of the answer")
            guard (1...1_024).contains(text.utf8.count) else { throw node.unexpected("a text of 1 to 1024 bytes") }
            return text
        }
        var tls: Probe.TLS? = isSecure ? Probe.TLS(name: host.flatMap(Self.serverName)) : nil
        if let node = mapping["tls"] {
            guard let read = self.tls(node, host: host, key: "tls") else { return nil }
            if read == nil, isSecure {
                diagnostics.report(node.position, "an https check is over TLS; write \"http\" for one that is not")
            }
            tls = read
        }
        if text != nil, let statuses, statuses.allSatisfy({ $0.allSatisfy { $0 < 200 || $0 == 204 || $0 == 304 } }) {
            diagnostics.report(
                mapping.keyPosition("text"), "an answer with this \"status\" has no body in which a text could be")
        }
        return path.map {
            Probe.HTTP(path: $0, host: host, statuses: statuses ?? Probe.HTTP.success, text: text, tls: tls)
        }
    }

    /// The name for SNI that a `Host` stands for; `nil` for an address, which SNI does not take.
    private static func serverName(_ host: String) -> String? {
        guard !host.hasByte("["), IPAddress(host) == nil else { return nil }
        let name = host.splitBytes(":")[0]
        return name.isEmpty || IPAddress(name) != nil ? nil : String(name)
    }

    /// `true`, `false` or `{name: www.example.com, verify: full}`. The outer `nil` is a fault, the inner one `false`.
    private mutating func tls(_ node: YAMLNode, host: String?, key: String) -> Probe.TLS?? {
        let usual = Probe.TLS(name: host.flatMap(Self.serverName))
        if node.isNull { return .some(usual) }
        if case .boolean(let isOn)? = node.scalar?.resolved, node.tag == nil { return .some(isOn ? usual : nil) }
        guard
            let mapping = diagnostics.mapping(
                node, allowedKeys: ["name", "verify"], "true, false, or a mapping of \"name\" and \"verify\"")
        else { return nil }
        let name = diagnostics.optional(mapping["name"]) { node throws(YAMLError) in
            try node.hostName("the server's name")
        }
        let verify = diagnostics.optional(mapping["verify"]) { node throws(YAMLError) in
            try node.choice(Probe.Verification.self, "way to verify a certificate")
        }
        let tls = Probe.TLS(name: name ?? usual.name, verify: verify ?? .dates)
        if tls.verify == .full, tls.name == nil {
            diagnostics.report(
                mapping.keyPosition("verify"), "\"full\" compares the certificate with a name: \"name\" is missing")
        }
        return .some(tls)
    }

    /// `example.com`, or `{query: example.com, type: a}`.
    private mutating func dns(_ node: YAMLNode) -> Probe.DNS? {
        if node.isNull { return Probe.DNS(name: "") }
        guard case .mapping = node.content else {
            return diagnostics.optional(node) { node throws(YAMLError) in Probe.DNS(name: try node.queryName()) }
        }
        guard let mapping = diagnostics.mapping(node, allowedKeys: ["query", "type"], "a DNS query") else { return nil }
        let name = diagnostics.required("query", of: mapping) { node throws(YAMLError) in try node.queryName() }
        let type = diagnostics.optional(mapping["type"]) { node throws(YAMLError) -> Probe.DNS.RecordType in
            if let type = Probe.DNS.RecordType(rawValue: try node.text("a type of records").lowercased()) {
                return type
            }
            return try node.choice(Probe.DNS.RecordType.self, "type of records")
        }
        return name.map { Probe.DNS(name: $0, type: type ?? .soa) }
    }

    /// `{send: PING, expect: PONG}`; each a text or `{hex: 00ff}`.
    private mutating func datagram(_ node: YAMLNode) -> Probe.UDP? {
        guard
            let mapping = diagnostics.mapping(
                node, allowedKeys: ["send", "expect"], "a mapping of \"send\" and \"expect\"")
        else { return nil }
        let send = diagnostics.required("send", of: mapping) { node throws(YAMLError) in try node.payload() }
        let expect = diagnostics.optional(mapping["expect"]) { node throws(YAMLError) in try node.payload() }
        return send.map { Probe.UDP(send: $0, expect: expect) }
    }

    // MARK: Times

    private mutating func timing(_ mapping: YAMLMapping) -> HealthCheck.Timing {
        func time(_ key: String, _ what: String) -> Int? {
            diagnostics.optional(mapping[key]) { node throws(YAMLError) in
                try node.milliseconds(what, in: HealthCheck.times)
            }
        }
        func count(_ key: String) -> Int? {
            diagnostics.optional(mapping[key]) { node throws(YAMLError) in
                try node.integer("a number of probes", in: HealthCheck.counts)
            }
        }
        let usual = HealthCheck.Timing()
        let interval = time("interval", "an interval") ?? usual.interval
        let timeout = time("timeout", "a timeout")
        let fastInterval = time("fast-interval", "an interval")
        if let timeout, timeout > interval {
            diagnostics.report(
                mapping.keyPosition("timeout"),
                "a timeout of \(YAMLNode.time(timeout)) is longer than the interval of \(YAMLNode.time(interval)): "
                    + "the next probe would be due while this one still waits")
        }
        if let fastInterval, fastInterval > interval {
            diagnostics.report(
                mapping.keyPosition("fast-interval"),
                "\(YAMLNode.time(fastInterval)) is longer than the interval of \(YAMLNode.time(interval)), which it is "
                    + "to shorten")
        }
        return HealthCheck.Timing(
            interval: interval, fastInterval: fastInterval ?? usual.fastInterval,
            timeout: timeout ?? min(usual.timeout, interval), rise: count("rise") ?? usual.rise,
            fall: count("fall") ?? usual.fall)
    }

    private mutating func dropAfter(_ node: YAMLNode?) -> Int? {
        guard let node else { return HealthCheck(.tcp).dropAfter }
        if node.tag == nil, node.scalar?.text.isExactly("never") == true { return nil }
        return diagnostics.optional(node) { node throws(YAMLError) in
            try node.milliseconds("\"never\", or a time", in: HealthCheck.dropTimes)
        }
    }
}

extension YAMLNode {
    /// The path of a request, with its query.
    fileprivate func checkPath() throws(YAMLError) -> String {
        let path = try text("a path")
        guard path.hasBytePrefix("/"), path.utf8.count <= 1_024, path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw unexpected("a path that starts with \"/\", without spaces, up to 1024 bytes")
        }
        return path
    }

    /// The name of a host: letters, digits, dots, hyphens and underscores.
    fileprivate func hostName(_ what: String, allowing others: [Unicode.Scalar] = []) throws(YAMLError) -> String {
        let name = try text(what)
        let isName = name.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || [".", "-", "_"].contains(scalar)
                    || others.contains(scalar))
        }
        guard isName, (1...255).contains(name.utf8.count) else { throw unexpected("\(what) as www.example.com") }
        return name
    }

    /// The name of a DNS query, without the dot at its end; `.` is the root.
    fileprivate func queryName() throws(YAMLError) -> String {
        var name = try hostName("a name to ask for")
        if name.hasByteSuffix(".") { name.removeLast() }
        guard
            name.isEmpty
                || name.utf8.count <= 253 && name.splitBytes(".").allSatisfy({ (1...63).contains($0.utf8.count) })
        else { throw unexpected("a name to ask for, with labels of 1 to 63 bytes, up to 253 in all") }
        return name
    }

    /// `200`, `200-299`, or a list; ascending, with adjacent ones joined.
    fileprivate func statuses() throws(YAMLError) -> [ClosedRange<Int>] {
        var ranges: [(range: ClosedRange<Int>, node: YAMLNode)] = []
        for node in try oneOrMore("an HTTP status, a range as 200-299, or a list of them") {
            let range = Probe.HTTP.statuses(try node.text("an HTTP status"))
            guard node.tag == nil, let range else {
                throw node.unexpected("an HTTP status from 200 to 599, or a range as 200-299")
            }
            ranges.append((range, node))
        }
        ranges.sort { $0.range.lowerBound < $1.range.lowerBound }
        var joined: [ClosedRange<Int>] = []
        for (range, node) in ranges {
            guard let last = joined.last, range.lowerBound <= last.upperBound + 1 else {
                joined.append(range)
                continue
            }
            guard range.lowerBound > last.upperBound else {
                throw YAMLError(node.position, "\(node.summary) overlaps other statuses of the list")
            }
            joined[joined.count - 1] = last.lowerBound...range.upperBound
        }
        return joined
    }

    /// The bytes of a text, or those that `{hex: 00 ff}` gives.
    fileprivate func payload() throws(YAMLError) -> [UInt8] {
        let expected = "a text, or {hex: 00ff} for other bytes, of 1 to 1024 bytes"
        guard case .mapping = content else {
            let bytes = Array(try text(expected).utf8)
            guard (1...1_024).contains(bytes.count) else { throw unexpected(expected) }
            return bytes
        }
        let mapping = try mapping(allowedKeys: ["hex"], expected)
        let node = try mapping.required("hex")
        let digits = try node.text("hexadecimal digits").utf8.filter { $0 != 0x20 }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard index + 1 < digits.count,
                let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16),
                digits[index] != 0x2B
            else { throw node.unexpected("pairs of hexadecimal digits") }
            bytes.append(byte)
        }
        guard (1...1_024).contains(bytes.count) else { throw node.unexpected("1 to 1024 pairs of hexadecimal digits") }
        return bytes
    }

    /// A program of the prober's machine, with its arguments.
    fileprivate func checkCommand() throws(YAMLError) -> [String] {
        let nodes = try oneOrMore("a program with its arguments")
        guard nodes.count <= 64 else { throw YAMLError(position, "a command has at most 64 words") }
        var words: [String] = []
        for node in nodes {
            let word = try node.text(words.isEmpty ? "the path of a program" : "an argument")
            guard word.utf8.count <= 1_024, !word.utf8.contains(0) else {
                throw YAMLError(node.position, "a word has at most 1024 bytes, and none of them is 0")
            }
            words.append(word)
        }
        guard words[0].hasBytePrefix("/"), words[0].utf8.count > 1 else {
            throw nodes[0].unexpected("the absolute path of a program on the gateways")
        }
        guard nodes.count > 1 || !words[0].hasByte(" ") else {
            throw YAMLError(nodes[0].position, "no shell splits a command: write a list of words, as [/bin/check, -v]")
        }
        return words
    }
}
