import NetworkTypes
import TestSupport
import Testing

@Suite struct IPAddressTests {
    @Test(
        "text is read and written in canonical form",
        arguments: [
            ("198.51.100.37", "198.51.100.37"),
            ("0.0.0.0", "0.0.0.0"),
            ("255.255.255.255", "255.255.255.255"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("::ffff:198.51.100.1", "::ffff:198.51.100.1"),
            ("64:ff9b::198.51.100.1", "64:ff9b::c633:6401"),
        ])
    func canonical(text: String, expected: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == expected)
        #expect(IPAddress(networkBytes: address.networkBytes) == address)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.-4", "1.2.3.4 ", " 1.2.3.4", "1..2.3", ":",
            ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "::g", "fe80::1%eth0", "1:", ":1",
            "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "1:2:3:4:5:6:7::8:9",
        ])
    func refused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("random addresses survive text and bytes")
    func roundTrip() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2_000 {
            let sparse = random.next() & random.next() & 0xFFFF_0000_00FF_FFFF
            let address =
                Bool.random(using: &random)
                ? IPAddress(ipv4: .random(in: .min ... .max, using: &random))
                : IPAddress(ipv6High: sparse, low: random.next() & 0xFFFF_0000_FFFF)
            #expect(IPAddress(address.description) == address)
            #expect(IPAddress(networkBytes: address.networkBytes) == address)
        }
    }

    @Test("IPv4 sorts before IPv6, then by number")
    func order() {
        let sorted = ["9.0.0.1", "10.0.0.1", "::1", "2001:db8::"].compactMap { IPAddress($0) }
        #expect(sorted.shuffled().sorted() == sorted)
    }

    @Test(
        "an address that no packet can be forwarded to says why",
        arguments: [
            ("0.0.0.0", "the unspecified address"), ("::", "the unspecified address"),
            ("127.8.0.1", "a loopback address"), ("::1", "a loopback address"),
            ("239.255.255.255", "a multicast address"), ("ff0e::1", "a multicast address"),
            ("255.255.255.255", "the broadcast address"), ("169.254.0.1", "a link-local address"),
            ("febf:ffff::1", "a link-local address"), ("::ffff:198.51.100.99", "an IPv4-mapped address"),
            ("198.51.100.99", nil), ("::fffe:c633:6463", nil), ("1::ffff:198.51.100.99", nil), ("fec0::1", nil),
        ] as [(String, String?)])
    func unusable(text: String, reason: String?) throws {
        #expect(try #require(IPAddress(text)).unusableReason == reason)
    }
}
