public import NetworkTypes

/// A request over HTTP/1.1 and what the server makes of it. Reads no more of the answer than the verdict needs: the
/// status and the header fields, and of the body what has to be searched for `text`.
public struct HTTPConversation: Sendable {
    /// The bytes that the header section may have, with those of interim answers; and those of the body that are
    /// searched.
    static let limit = 65_536

    /// What is sent once the connection stands.
    public let request: [UInt8]
    private let statuses: [ClosedRange<Int>]
    private var matcher: TextMatcher?
    private var state = State.status
    private var line: [UInt8] = []
    /// The bytes of header sections so far.
    private var headLength = 0
    private var body = HTTPBody.untilClose
    /// The bytes of the body so far, without those of its encoding.
    private var bodyLength = 0

    private enum State {
        case status
        /// The header fields; of an interim answer, which another follows.
        case fields(isInterim: Bool, hasBody: Bool)
        case body
    }

    public init(_ http: Probe.HTTP, address: IPAddress, port: UInt16) {
        statuses = http.statuses
        matcher = http.text.map { TextMatcher(Array($0.utf8)) }
        let usualPort = http.tls == nil ? 80 : 443
        let literal = address.family == .ipv6 ? "[\(address)]" : "\(address)"
        let host = http.host ?? (Int(port) == usualPort ? literal : "\(literal):\(port)")
        request = Array(
            """
            GET \(Self.visible(http.path)) HTTP/1.1\r
            Host: \(Self.visible(host))\r
            User-Agent: portcullis-checks\r
            Accept: */*\r
            Accept-Encoding: identity\r
            Connection: close\r
            \r

            """.utf8)
    }

    /// The text with what cannot stand in a line of HTTP encoded by `%`.
    private static func visible(_ text: String) -> String {
        let bytes = text.utf8.flatMap { byte in
            (0x21...0x7E).contains(byte) ? [byte] : Array(PercentEncoding.encode([byte]).utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether anything has come.
    public var hasBegun: Bool { headLength > 0 }

    /// Takes bytes that have come.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) -> ConversationStep {
        for byte in bytes {
            if let outcome = take(byte) { return .end(outcome) }
        }
        return .wait
    }

    /// The outcome if the server closes the connection now.
    public func close() -> ProbeOutcome {
        switch state {
        case .status where headLength == 0: .failure(ProbePhrase.closedUnanswered)
        case .status, .fields: .failure("connection closed within the HTTP header")
        case .body where body == .untilClose: .failure(Self.textIsMissing)
        case .body: .failure("connection closed within the HTTP body")
        }
    }

    private static let textIsMissing = "the text is not in the HTTP body"

    private mutating func take(_ byte: UInt8) -> ProbeOutcome? {
        if case .body = state { return takeBody(byte) }
        headLength += 1
        guard headLength <= Self.limit else { return .failure("the HTTP header is longer than 64 KiB") }
        if byte != 0x0A {
            line.append(byte)
            if case .status = state, !Self.version.starts(with: line.prefix(Self.version.count)) {
                return .failure("the answer is not HTTP/1.1")
            }
            return nil
        }
        if line.last == 0x0D { line.removeLast() }
        defer { line.removeAll(keepingCapacity: true) }
        switch state {
        case .status: return takeStatus()
        case .fields(let isInterim, let hasBody):
            guard line.isEmpty else { return takeField() }
            return endHead(isInterim: isInterim, hasBody: hasBody)
        case .body: return nil
        }
    }

    private static let version = Array("HTTP/1.".utf8)

    /// `HTTP/1.1 200 OK`
    private mutating func takeStatus() -> ProbeOutcome? {
        let digits = line.dropFirst(9).prefix(3)
        guard line.count >= 12, (0x30...0x39).contains(line[7]), line[8] == 0x20,
            digits.allSatisfy({ (0x30...0x39).contains($0) }), line.count == 12 || line[12] == 0x20
        else { return .failure("the answer has no HTTP status") }
        let status = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        let isInterim = (100...199).contains(status) && status != 101
        guard isInterim || statuses.contains(where: { $0.contains(status) }) else {
            return .failure("HTTP status \(status)")
        }
        state = .fields(isInterim: isInterim, hasBody: ![101, 204, 304].contains(status))
        return nil
    }

    private mutating func takeField() -> ProbeOutcome? {
        guard matcher != nil, let colon = line.firstIndex(of: 0x3A) else { return nil }
        let value = line[line.index(after: colon)...].drop { $0 == 0x20 || $0 == 0x09 }
        switch line[..<colon].map(Self.lowercased) {
        case Self.contentLength:
            guard body != .chunked(.start) else { return nil }
            let digits = value.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty, digits.count <= 18, value.dropFirst(digits.count).allSatisfy({ $0 == 0x20 }) else {
                return .failure("malformed Content-Length")
            }
            body = .length(digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
        case Self.transferEncoding:
            // Whatever it says in addition, chunked comes last (RFC 9112, section 6.1).
            body = value.suffix(7).map(Self.lowercased) == Self.chunked ? .chunked(.start) : .untilClose
        default: break
        }
        return nil
    }

    private static let contentLength = Array("content-length".utf8)
    private static let transferEncoding = Array("transfer-encoding".utf8)
    private static let chunked = Array("chunked".utf8)

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    private mutating func endHead(isInterim: Bool, hasBody: Bool) -> ProbeOutcome? {
        if isInterim {
            body = .untilClose
            state = .status
            return nil
        }
        guard let matcher, !matcher.isFound else { return .success() }
        guard hasBody, body != .length(0) else { return .failure(Self.textIsMissing) }
        state = .body
        return nil
    }

    private mutating func takeBody(_ byte: UInt8) -> ProbeOutcome? {
        let step = body.take(byte)
        if step.isContent {
            matcher?.take(byte)
            if matcher?.isFound ?? true { return .success() }
            bodyLength += 1
        }
        if step.isMalformed { return .failure("malformed chunk in the HTTP body") }
        if step.isEnd { return .failure(Self.textIsMissing) }
        return bodyLength < Self.limit ? nil : .failure("the text is not in the first 64 KiB of the HTTP body")
    }
}
