import NetworkTypes
import Testing

@Suite("What networks cover together") struct AddressPrefixCoverageTests {
    private func networks(_ text: String) -> [AddressPrefix] {
        text.split(separator: " ").compactMap { AddressPrefix($0) }
    }

    @Test(
        "networks are joined to as few as have the same addresses",
        arguments: [
            ("0.0.0.0/1 128.0.0.0/1", "0.0.0.0/0"), ("::/1 8000::/1", "::/0"),
            ("10.0.0.0/9 10.128.0.0/10 10.192.0.0/10", "10.0.0.0/8"), ("10.1.0.0/16 10.1.2.0/24", "10.1.0.0/16"),
            ("10.1.0.0/16 10.2.0.0/16", "10.1.0.0/16 10.2.0.0/16"), ("10.0.0.1/32 10.0.0.0/32", "10.0.0.0/31"),
            ("0.0.0.0/1 ::/1 128.0.0.0/1 8000::/1", "0.0.0.0/0 ::/0"), ("10.0.0.0/8 10.0.0.0/8", "10.0.0.0/8"),
            ("", ""),
        ])
    func merged(text: String, result: String) {
        #expect(networks(text).merged() == networks(result))
        #expect(networks(text).reversed().merged() == networks(result))
    }

    @Test("a network is covered by several that share it")
    func cover() throws {
        let inside = try #require(AddressPrefix("10.0.0.0/8"))
        #expect(networks("10.0.0.0/9 10.128.0.0/9").cover(inside))
        #expect(networks("0.0.0.0/0").cover(inside))
        #expect(!networks("10.0.0.0/9 10.128.0.0/10").cover(inside))
        #expect(!networks("::/0").cover(inside))
        #expect(!networks("").cover(inside))
    }
}
