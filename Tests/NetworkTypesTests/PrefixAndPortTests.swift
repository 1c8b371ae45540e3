import NetworkTypes
import Testing

@Suite struct PrefixAndPortTests {
    @Test(
        "a prefix spans first to last",
        arguments: [
            ("198.51.100.0/24", "198.51.100.0", "198.51.100.255"),
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
            ("10.1.2.3/32", "10.1.2.3", "10.1.2.3"),
            ("2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::/68", "2001:db8::", "2001:db8::fff:ffff:ffff:ffff"),
            ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("::1/128", "::1", "::1"),
            ("2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"),
        ])
    func span(text: String, first: String, last: String) throws {
        let prefix = try #require(AddressPrefix(text))
        #expect(prefix.first.description == first)
        #expect(prefix.last.description == last)
        #expect(prefix.description == text)
        #expect(prefix.contains(prefix.last))
    }

    @Test(
        "host bits, odd lengths and noise are refused",
        arguments: ["10.1.2.3/8", "10.0.0.0/33", "10.0.0.0", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/+8", "::/129", "/8"])
    func refused(text: String) {
        #expect(AddressPrefix(text) == nil)
    }

    @Test("ports and ranges are read in canonical form only")
    func ports() {
        #expect(PortRange("443")?.isSinglePort == true)
        #expect(PortRange("20000-29999")?.count == 10_000)
        for text in ["", "0", "65536", "80-80", "81-80", "0-1", "+80", "080", "1-", "-1", "1-2-3", " 80"] {
            #expect(PortRange(text) == nil, "\(text)")
        }
    }
}
