import Text

/// A DNS query over UDP, and the answer to it (RFC 1035, section 4).
public struct DNSConversation: Sendable {
    /// The datagram to send.
    public let query: [UInt8]
    private let dns: Probe.DNS

    /// - Parameter id: random, so that nobody else can answer.
    /// - Returns: `nil` if the name cannot be asked for.
    public init?(_ dns: Probe.DNS, id: UInt16) {
        guard let name = dns.encodedName else { return nil }
        self.dns = dns
        // The header: recursion desired, one question; then name, type and class IN.
        query = [UInt8(id >> 8), UInt8(id & 0xFF), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name + [0, dns.type.number, 0, 1]
    }

    /// Takes a datagram that has come; `nil`: it answers another query, so ours is still to come.
    public func receive(_ datagram: UnsafeRawBufferPointer) -> ProbeOutcome? {
        var reader = DNSReader(datagram)
        guard let id = reader.number(2), id == Int(query[0]) << 8 | Int(query[1]), let flags = reader.number(2),
            flags & 0x8000 != 0
        else { return nil }
        guard let questions = reader.number(2), let answers = reader.number(2), reader.skip(4) else {
            return Self.malformed
        }
        // Some servers leave the question out of an answer that has nothing but a status.
        let status = flags & 0xF
        guard questions == 1 || (questions == 0 && status != 0) else { return Self.malformed }
        if questions == 1, !reader.take(query[12...]) { return nil }
        guard flags & 0x7800 == 0 else { return .failure("DNS answer to another kind of query") }
        guard status == 0 else { return .failure("DNS status \(Self.statuses[status] ?? "\(status)")") }
        for _ in 0..<answers {
            guard reader.skipName(), let type = reader.number(2), let kind = reader.number(2), reader.skip(4),
                let length = reader.number(2), reader.skip(length)
            else { return isTruncated(flags) ?? Self.malformed }
            if type == Int(dns.type.number), kind == 1 { return .success() }
        }
        return isTruncated(flags) ?? .failure("DNS answer without a record of type \(dns.type.rawValue.uppercased())")
    }

    private static let malformed = ProbeOutcome.failure("malformed DNS answer")
    private static let statuses = [1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"]

    private func isTruncated(_ flags: Int) -> ProbeOutcome? {
        guard flags & 0x0200 != 0 else { return nil }
        return .failure("truncated DNS answer without a record of type \(dns.type.rawValue.uppercased())")
    }
}

extension Probe.DNS {
    /// Whether DNS can have the name: labels of 1 to 63 bytes, 255 in all with their lengths.
    public var isNameValid: Bool { encodedName != nil }

    /// The name as labels with their lengths; `nil` if it is not a name.
    var encodedName: [UInt8]? {
        guard !name.isEmpty else { return [0] }
        var bytes: [UInt8] = []
        for label in name.splitBytes(".") {
            guard (1...63).contains(label.utf8.count) else { return nil }
            bytes.append(UInt8(label.utf8.count))
            bytes += label.utf8
        }
        return bytes.count <= 254 ? bytes + [0] : nil
    }
}

extension Probe.DNS.RecordType {
    /// The number of the type in a message.
    var number: UInt8 {
        switch self {
        case .a: 1
        case .ns: 2
        case .cname: 5
        case .soa: 6
        case .ptr: 12
        case .mx: 15
        case .txt: 16
        case .aaaa: 28
        case .srv: 33
        }
    }
}

/// Reads a DNS message from its beginning to its end. Names are skipped, so that no pointer is ever followed.
private struct DNSReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func number(_ count: Int) -> Int? {
        guard bytes.count - place >= count else { return nil }
        defer { place += count }
        return bytes[place..<place + count].reduce(0) { $0 << 8 | Int($1) }
    }

    mutating func skip(_ count: Int) -> Bool {
        guard bytes.count - place >= count else { return false }
        place += count
        return true
    }

    /// Takes a question, whose name may be written in upper or lower case.
    mutating func take(_ question: ArraySlice<UInt8>) -> Bool {
        guard bytes.count - place >= question.count else { return false }
        let isEqual = zip(bytes[place...], question).allSatisfy { Self.lowercased($0) == Self.lowercased($1) }
        place += question.count
        return isEqual
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    /// Skips a name, which ends by the root or by a pointer to an earlier place. Returns whether it is one.
    mutating func skipName() -> Bool {
        let start = place
        while let length = number(1) {
            switch length {
            case 0: return true
            case 1...63: guard skip(length), place - start <= 255 else { return false }
            case 0xC0...0xFF:
                guard let rest = number(1) else { return false }
                let target = (length & 0x3F) << 8 | rest
                return (12..<start).contains(target)
            default: return false
            }
        }
        return false
    }
}
