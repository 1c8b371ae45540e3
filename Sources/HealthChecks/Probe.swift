import Text

/// What a probe asks of a server, and which answer is a success.
public enum Probe: Sendable, Hashable {
    /// A connection is accepted. It is reset at once, before it is complete at the server, whose worker never sees it.
    case tcp
    /// A TLS handshake succeeds.
    case tls(TLS)
    /// A request over HTTP/1.1 is answered as expected.
    case http(HTTP)
    /// A DNS query is answered with `NOERROR` and at least one record of the type.
    case dns(DNS)
    /// A mail server greets with 220 and answers `EHLO` with 250.
    case smtp
    /// A datagram is answered; without `expect` it is enough that no ICMP error comes back.
    case udp(UDP)
    /// An ICMP echo request is answered.
    case ping
    /// A program ends with status 0; with 2 to 255 its status minus 2 is a share of the weight, as in keepalived.
    case command([String])

    /// A TLS handshake.
    public struct TLS: Sendable, Hashable {
        /// The name in SNI, and the one that the certificate must have if `verify` is `full`.
        public var name: String?
        public var verify: Verification

        public init(name: String? = nil, verify: Verification = .dates) {
            self.name = name
            self.verify = verify
        }
    }

    /// What is wrong with a certificate that fails the probe.
    public enum Verification: String, Sendable, Hashable, CaseIterable {
        /// Nothing.
        case none
        /// It is expired, or not valid yet.
        case dates
        /// Also: no authority that the prober trusts has signed it, or it is for another name.
        case full
    }

    /// A request over HTTP/1.1, and the answer to it.
    public struct HTTP: Sendable, Hashable {
        /// The path and the query; begins with `/`.
        public var path: String
        /// The `Host`; `nil`: the server's address.
        public var host: String?
        /// The statuses that are a success. Ascending, apart from each other.
        public var statuses: [ClosedRange<Int>]
        /// What the first 64 KiB of the body must contain; `nil`: anything.
        public var text: String?
        /// Over TLS; `nil`: without.
        public var tls: TLS?

        public static let success = [200...399]

        /// Reads `200` or `200-299`; `nil` if it is neither, or not within 200 to 599. Lower ones end no answer.
        public static func statuses(_ text: some StringProtocol) -> ClosedRange<Int>? {
            let ends = text.splitBytes("-").map { Int(String($0)) }
            guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last,
                (200...599).contains(first), last <= 599
            else { return nil }
            return first...last
        }

        public init(
            path: String, host: String? = nil, statuses: [ClosedRange<Int>] = success, text: String? = nil,
            tls: TLS? = nil
        ) {
            self.path = path
            self.host = host
            self.statuses = statuses
            self.text = text
            self.tls = tls
        }
    }

    /// A DNS query over UDP.
    public struct DNS: Sendable, Hashable {
        /// The name, without a dot at the end; empty: the root.
        public var name: String
        public var type: RecordType

        public init(name: String, type: RecordType = .soa) {
            self.name = name
            self.type = type
        }

        public enum RecordType: String, Sendable, Hashable, CaseIterable {
            case a, aaaa, cname, mx, ns, ptr, soa, srv, txt
        }
    }

    /// A datagram, and what its answer begins with.
    public struct UDP: Sendable, Hashable {
        public var send: [UInt8]
        /// `nil`: no answer is needed.
        public var expect: [UInt8]?

        public init(send: [UInt8], expect: [UInt8]?) {
            self.send = send
            self.expect = expect
        }
    }
}
