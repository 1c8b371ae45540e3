/// A check on one line, as the services export has it: the kind, then whatever differs from its default, in a fixed
/// order.
///
///     http path=/health status=200 port=8080 interval=2 fall=2
///
/// Values have printable ASCII; a space, a comma, `%`, quotes and everything else are written as `%20`. Times are in
/// seconds, with up to three decimals. There is one text for each check, so equal checks are equal bytes.
extension HealthCheck: CustomStringConvertible {
    public var description: String {
        var words = [kind]
        func add(_ key: String, _ value: some StringProtocol) {
            words.append("\(key)=\(PercentEncoding.encode(value.utf8))")
        }
        func add(_ key: String, _ milliseconds: Int, unless usual: Int) {
            if milliseconds != usual { add(key, Self.seconds(milliseconds)) }
        }
        func add(_ tls: Probe.TLS) {
            if let name = tls.name { add("name", name) }
            if tls.verify != .dates { add("verify", tls.verify.rawValue) }
        }
        switch probe {
        case .tcp, .smtp, .ping: break
        case .tls(let tls): add(tls)
        case .http(let http):
            add("path", http.path)
            if let host = http.host { add("host", host) }
            if http.statuses != Probe.HTTP.success {
                let ranges = http.statuses.map {
                    $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
                }
                add("status", ranges.joined(separator: ";"))
            }
            if let text = http.text { add("text", text) }
            if let tls = http.tls { add(tls) }
        case .dns(let dns):
            add("query", dns.name)
            if dns.type != .soa { add("type", dns.type.rawValue) }
        case .udp(let udp):
            words.append("send=\(PercentEncoding.encode(udp.send))")
            if let expect = udp.expect { words.append("expect=\(PercentEncoding.encode(expect))") }
        case .command(let words): for word in words { add("arg", word) }
        }
        let usual = HealthCheck(probe)
        if let port { add("port", "\(port)") }
        add("interval", timing.interval, unless: usual.timing.interval)
        add("fast-interval", timing.fastInterval, unless: min(usual.timing.fastInterval, timing.interval))
        add("timeout", timing.timeout, unless: usual.timing.timeout)
        if timing.rise != usual.timing.rise { add("rise", "\(timing.rise)") }
        if timing.fall != usual.timing.fall { add("fall", "\(timing.fall)") }
        if let dropAfter {
            if dropAfter != usual.dropAfter { add("drop-after", Self.seconds(dropAfter)) }
        } else {
            add("drop-after", "never")
        }
        return words.joined(separator: " ")
    }

    private var kind: String {
        switch probe {
        case .tcp: "tcp"
        case .tls: "tls"
        case .http(let http): http.tls == nil ? "http" : "https"
        case .dns: "dns"
        case .smtp: "smtp"
        case .udp: "udp"
        case .ping: "ping"
        case .command: "command"
        }
    }

    /// `1.5` for 1500.
    static func seconds(_ milliseconds: Int) -> String {
        let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
        guard rest > 0 else { return "\(whole)" }
        var decimals = "\(1_000 + rest)".dropFirst()
        // exact: digits
        while decimals.last == "0" { decimals.removeLast() }
        return "\(whole).\(decimals)"
    }
}
