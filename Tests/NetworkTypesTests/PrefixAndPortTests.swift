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

    @Test(
        "only the canonical text is taken where that is asked for; what is wrong is told with the right spelling",
        arguments: [
            ("10.1.0.0/16", nil), ("fd00:1::/64", nil), ("::/0", nil), ("10.1.0.5/32", nil),
            ("10.1.0.5/16", "has bits set behind the prefix length; the network is 10.1.0.0/16"),
            ("fd00:1::5/64", "has bits set behind the prefix length; the network is fd00:1::/64"),
            ("10.1.0.5/0", "has bits set behind the prefix length; the network is 0.0.0.0/0"),
            ("FD00:1::/64", "must be written as fd00:1::/64"), ("fd00:0001::/64", "must be written as fd00:1::/64"),
            ("10.1.0.5", "has no prefix length; the address alone is 10.1.0.5/32"),
            ("fd00::1", "has no prefix length; the address alone is fd00::1/128"),
            ("10.1.0.0/33", "has no prefix length from 0 to 32"), ("fd00::/129", "has no prefix length from 0 to 128"),
            ("10.1.0.0/", "has no prefix length from 0 to 32"), ("10.1.0.0/-1", "has no prefix length from 0 to 32"),
            ("", "is no network; 10.1.0.0/16 and fd00:1::/64 are"),
            ("10.1/16", "is no network; 10.1.0.0/16 and fd00:1::/64 are"),
            ("10.1.0.0/16/16", "is no network; 10.1.0.0/16 and fd00:1::/64 are"),
            ("10.0.0.0/08", "has no prefix length from 0 to 32"), ("10.0.0.0/+8", "has no prefix length from 0 to 32"),
        ])
    func canonical(text: String, problem: String?) {
        do throws(AddressPrefix.Misspelling) {
            let prefix = try AddressPrefix(canonical: text)
            #expect(problem == nil && prefix.description == text)
        } catch {
            #expect(error.description == problem)
        }
    }

    @Test("prefixes inside others are dropped, the rest ascends")
    func withoutInner() {
        let texts = [
            "10.2.0.0/16", "10.1.2.0/24", "10.1.0.0/16", "fd00::/8", "10.1.0.0/24", "fd00:1::/64", "10.2.0.0/16",
        ]
        #expect(
            texts.compactMap { AddressPrefix($0) }.withoutInner.map(\.description) == [
                "10.1.0.0/16", "10.2.0.0/16", "fd00::/8",
            ])
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
