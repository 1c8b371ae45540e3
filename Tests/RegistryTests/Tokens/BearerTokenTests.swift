import Registry
import Testing

@Suite("Bearer tokens") struct BearerTokenTests {
    @Test("a bearer token is taken from the Authorization field, whatever the scheme's case")
    func bearer() {
        #expect(BearerToken(authorization: "Bearer abc")?.text == "abc")
        #expect(BearerToken(authorization: "bEARER  abc")?.text == "abc")
        for field in ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b"] {
            #expect(BearerToken(authorization: field) == nil)
        }
        let token = BearerToken()
        #expect(token.text.hasPrefix("portcullis_") && token.text.count == 54)
        #expect(token.text != BearerToken().text)
    }
}
