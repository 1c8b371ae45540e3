import AdminClient
import Testing
import Text

@Suite struct AdminURLTests {
    @Test(
        "an address that is none of ADMIN's is refused, with the reason",
        arguments: [
            ("", "it begins with neither http:// nor https://"),
            ("admin:8080", "it begins with neither http:// nor https://"),
            ("ftp://admin", "it begins with neither http:// nor https://"),
            ("http://admin/v1", "it goes on after host and port"), ("http://admin?x", "it goes on after host and port"),
            ("http://admin@\u{301}x", "it names a user; give a token instead"),
        ]
            + [
                "http://", "http://a b", "http://b\u{FC}cher", "http://admin\u{2044}", "http://admin:0",
                "http://admin:65536", "http://[::1", "http://[10.0.0.1]", "http://[::1]80",
            ].map { ($0, "host or port is not valid") })
    func badAddress(text: String, reason: String) {
        let error = #expect(throws: AdminURLError.self) { try AdminURL(text) }
        #expect(error?.description == "\"\(text.withoutUserInformation)\" is not an address of ADMIN: \(reason)")
    }

    @Test(
        "scheme, host and port are told apart; slashes at the end are nothing",
        arguments: [
            ("http://localhost:8080", "localhost", false, true),
            ("https://admin.example/", "admin.example", true, false),
            ("http://127.0.0.9//", "127.0.0.9", false, true), ("https://[::1]:8443", "::1", true, true),
            ("http://10.0.0.1", "10.0.0.1", false, false),
        ])
    func parts(text: String, host: String, isEncrypted: Bool, isLoopback: Bool) throws {
        let url = try AdminURL(text)
        #expect(url.host == host && url.isEncrypted == isEncrypted && url.isLoopback == isLoopback)
        #expect((url.ipAddress == nil) == host.utf8.contains(UInt8(ascii: "a")))
        #expect(!url.description.hasByteSuffix("/"))
    }

    @Test(
        "several addresses have commas or white space between them; each counts once",
        arguments: [
            "http://a https://b", "http://a,https://b", " http://a ,\n\thttps://b/, ", "http://a,https://b,http://a/",
        ])
    func several(text: String) throws {
        #expect(try AdminURLs(text).all.map(\.description) == ["http://a", "https://b"])
    }

    @Test("where one of several is none, all are refused, and it is named")
    func oneWrong() {
        let error = #expect(throws: AdminURLError.self) { try AdminURLs("http://a, b") }
        #expect(error?.description == "\"b\" is not an address of ADMIN: it begins with neither http:// nor https://")
        for text in ["", " , "] { #expect(throws: AdminURLError.self) { try AdminURLs(text) } }
    }

    @Test("a token is in the clear where it leaves the machine without TLS")
    func exposed() throws {
        let urls = try AdminURLs("http://localhost, https://a, http://b")
        #expect(urls.exposingToken.map(\.description) == ["http://b"])
    }
}
