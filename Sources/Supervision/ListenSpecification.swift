import Glibc
package import Text

/// Sockets that the master opens: `http=tcp:8080`, `devices=udp:[::1]:5000-5010`, `dns=udp:127.0.0.1:53`.
package struct ListenSpecification: Sendable, Equatable {
    package enum Transport: String, Sendable {
        case tcp, udp
    }

    /// The name that workers find in LISTEN_FDNAMES.
    @ExactText package private(set) var name: String
    package let transport: Transport
    /// An IPv4 or IPv6 address without brackets; `nil`: all of both families.
    package let address: String?
    package let ports: ClosedRange<UInt16>

    /// - Throws: what is wrong, for a message that names the text.
    package init(_ text: String) throws(UsageError) {
        func wrong(_ reason: String) -> UsageError { UsageError("--listen \(text.printed()): \(reason)") }
        guard let sign = text.firstByte("=") else { throw wrong("expected NAME=tcp:PORT or NAME=udp:PORT") }
        let name = String(text[..<sign])
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte) else {
            throw wrong("a name has 1 to 64 letters, digits, \"-\", \"_\" or \".\"")
        }
        _name = ExactText(name)
        let rest = text[text.index(after: sign)...]
        guard let colon = rest.firstByte(":"), let transport = Transport(rawValue: String(rest[..<colon])) else {
            throw wrong("expected \"tcp:\" or \"udp:\" after the name")
        }
        self.transport = transport
        let place = rest[rest.index(after: colon)...]
        guard let last = place.lastByte(":") else {
            address = nil
            ports = try Self.ports(place, wrong)
            return
        }
        var address = place[..<last]
        if address.hasBytePrefix("[") && address.hasByteSuffix("]") {
            address = address.dropFirst().dropLast()  // exact: brackets
        } else if address.hasByte(":") {
            throw wrong("an IPv6 address stands in brackets")
        }
        guard Self.isAddress(String(address)) else { throw wrong("\(address.printed()) is no IPv4 or IPv6 address") }
        self.address = String(address)
        ports = try Self.ports(place[place.index(after: last)...], wrong)
    }

    /// Whether the address is of IPv6; `nil` without an address.
    package var isIPv6: Bool? { address.map { $0.hasByte(":") } }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        var buffer = in6_addr()
        return inet_pton(text.hasByte(":") ? AF_INET6 : AF_INET, text, &buffer) == 1
    }

    private static func ports(
        _ text: Substring, _ wrong: (String) -> UsageError
    ) throws(UsageError) -> ClosedRange<UInt16> {
        let parts = text.splitBytes("-")
        guard (1...2).contains(parts.count), let first = UInt16(parts[0]), let last = UInt16(parts[parts.count - 1]),
            first > 0, first <= last
        else { throw wrong("\(text.printed()) is no port or range of ports, 1 to 65535") }
        return first...last
    }
}

/// A command line that cannot be followed.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
