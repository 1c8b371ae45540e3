import AdminAPI
import Testing

@Suite struct PathTests {
    @Test("a name in a path is one segment; a parameter of a route stays as it is")
    func encoding() {
        #expect(APIPath.export(of: "tcn").encoded == "/v1/locations/tcn/services.csv")
        #expect(APIPath.export(of: "{location}").pattern == "/v1/locations/{location}/services.csv")
        #expect(APIPath.pool("a/b", of: "ü").encoded == "/v1/locations/%C3%BC/pools/a%2Fb")
        #expect(APIPath.encoded("-._~azAZ09") == "-._~azAZ09")
        #expect(APIPath.encoded("\n\u{0}%+") == "%0A%00%25%2B")
    }
}
