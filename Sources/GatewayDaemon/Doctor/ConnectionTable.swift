import Glibc
import Netlink
import NetworkTypes

/// Counts the connections in /proc/net/ip_vs_conn line by line, so that only a piece of the list is in memory at any
/// time.
struct ConnectionTable {
    private(set) var handshakes: [IPVS.DestinationIdentity: HostSnapshot.Handshakes] = [:]
    private var rest = [UInt8]()
    private var isHeader = true

    /// The greatest number of bytes that are read: the size of about a million connections.
    private static let limit = 96 << 20

    /// - Returns: `nil` if the file does not exist or may not be read.
    static func read(_ path: String = "/proc/net/ip_vs_conn") -> Self? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var table = Self()
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var total = 0
        while total < limit {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            total += count
            table.take(chunk[..<count])
        }
        return table
    }

    /// Adds the next piece of the list, which may end within a line.
    mutating func take(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            guard byte == 0x0A else {
                // The kernel's lines are never that long.
                if rest.count < 512 { rest.append(byte) }
                continue
            }
            if isHeader { isHeader = false } else { count(rest) }
            rest.removeAll(keepingCapacity: true)
        }
    }

    /// `TCP CB00710A A3F1 C6336424 0050 0A01000B 1F90 SYN_RECV         57`
    private mutating func count(_ line: [UInt8]) {
        let words = line.split(separator: 0x20, maxSplits: 8, omittingEmptySubsequences: true)
        guard words.count >= 8, words[0].elementsEqual("TCP".utf8), let address = Self.address(words[5]),
            let port = UInt16(String(decoding: words[6], as: UTF8.self), radix: 16)
        else { return }
        let server = IPVS.DestinationIdentity(address: address, port: port)
        if words[7].elementsEqual("SYN_RECV".utf8) {
            handshakes[server, default: .init()].waiting += 1
        } else if words[7].elementsEqual("ESTABLISHED".utf8) {
            handshakes[server, default: .init()].established += 1
        }
    }

    /// Parses an address: eight hexadecimal digits are IPv4; IPv6 addresses are written in full.
    private static func address(_ word: ArraySlice<UInt8>) -> IPAddress? {
        let text = String(decoding: word.filter { $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: "]") }, as: UTF8.self)
        if text.utf8.count == 8, let number = UInt32(text, radix: 16) { return IPAddress(ipv4: number) }
        return IPAddress(text)
    }
}
