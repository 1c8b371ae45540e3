import Testing

@testable import Versions

@Suite struct VersionNameTests {
    @Test("numbers within names count as numbers")
    func order() {
        let names = ["1.0", "1.9.0", "1.10.0", "1.10.0-rc.2", "1.10.0-rc.10", "2", "10", "10a", "a1", "a02", "a2"]
        var shuffled = names.map { VersionName(type: "t", name: $0) }
        for _ in 0..<20 {
            shuffled.shuffle()
            #expect(
                shuffled.sorted().map(\.name) == [
                    "1.0", "1.9.0", "1.10.0", "1.10.0-rc.2", "1.10.0-rc.10", "2", "10", "10a", "a1", "a2", "a02",
                ])
        }
    }

    @Test(
        "names of versions",
        arguments: [
            ("1.5.0", true), ("v1_2+build-7", true), (".", false), ("..", false), ("", false), ("-1", false),
            ("a/b", false), ("a b", false), ("é", false), (String(repeating: "a", count: 65), false),
        ])
    func names(_ name: String, _ isGood: Bool) { #expect((VersionName.problem(withName: name) == nil) == isGood) }
}

@Suite struct ContentDigestTests {
    @Test("a digest is its 64 digits, and nothing else is one")
    func text() throws {
        let digest = ContentDigest(of: "abc".utf8)
        #expect("\(digest)" == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(ContentDigest("\(digest)") == digest)
        #expect(ContentDigest("\(digest)".uppercased()) == nil)
        #expect(ContentDigest("\(digest)0") == nil)
        #expect(ContentDigest("") == nil)
        #expect(ContentDigest(String(repeating: "0", count: 64))! < digest)
    }
}
