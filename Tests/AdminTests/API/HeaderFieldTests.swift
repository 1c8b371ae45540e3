import Testing

@testable import Admin

@Suite("Header fields") struct HeaderFieldTests {
    @Test("lists of entity tags are read, weak ones told apart")
    func tags() {
        let list = EntityTag.List(#" "a" , W/"b",, "c,d" "#)
        #expect(
            list
                == .tags([
                    .init(isWeak: false, opaque: #""a""#), .init(isWeak: true, opaque: #""b""#),
                    .init(isWeak: false, opaque: #""c,d""#),
                ]))
        #expect(list?.matchesWeakly(#""b""#) == true)
        #expect(list?.matchesStrongly(#""b""#) == false)
        #expect(list?.matchesStrongly(#""a""#) == true)
        #expect(EntityTag.List(" * ") == .any)
        #expect(
            EntityTag.List("W/\u{0338}\"a\"") == nil
                && EntityTag.List("\"a\u{0301}\"")?.matchesWeakly("\"a\u{0301}\"") == true)
        for field in ["", "a", #""a"#, #""a" "b""#, "*, *", #"w/"a""#, "W/", ","] {
            #expect(EntityTag.List(field) == nil, "\(field)")
        }
    }

    @Test(
        "the wait preference is read and capped",
        arguments: [
            ("wait=10", 10), ("Wait=10; foo", 10), ("respond-async, wait=\"5\"", 5), ("wait=3, wait=9", 3),
            ("wait = 4", 4), ("foo=\"a, wait=7\", wait=8", 8), ("foo=\"a, wait=7\"", nil),
            ("wait=3600", 60), ("wait=99999999999999999999", 60), ("wait=-1", nil), ("wait", nil), ("wait=x", nil),
            ("", nil), (";", nil), (";;, ;=, =, ==;", nil), (";, wait=7", 7), ("; wait=7", nil), ("wait=;", nil),
            ("wait=\u{0301}5", nil), ("wait==5", nil),
        ] as [(String, Int?)])
    func wait(field: String, seconds: Int?) {
        #expect(PreferField(field).wait == seconds)
    }

    @Test("the best of the formats on offer is chosen")
    func accept() {
        let offers = ["application/json", "application/yaml"]
        #expect(AcceptField(nil).best(of: offers) == "application/json")
        #expect(AcceptField("application/yaml").best(of: offers) == "application/yaml")
        #expect(AcceptField("application/*;q=0.5, application/yaml").best(of: offers) == "application/yaml")
        #expect(AcceptField("application/json;q=0.1, */*;q=0.2").best(of: offers) == "application/yaml")
        #expect(AcceptField("*/*, application/json;q=0").best(of: offers) == "application/yaml")
        #expect(AcceptField("text/html").best(of: offers) == nil)
        #expect(AcceptField("garbage").best(of: offers) == "application/json")
    }

    @Test(
        "a client takes what has changed as a merge patch where A-IM says so",
        arguments: [
            ("merge-patch", true), ("vcdiff;q=0.1, Merge-Patch;q=0.001", true), ("feed, merge-patch; x=\"a,b\"", true),
            ("merge-patch;q=0", false), ("merge-patch;q=0.000", false), ("merge-patch;q=x", false), ("feed", false),
            ("merge-patches", false), ("\"merge-patch\"", false), ("", false), (";", false), (",;=", false),
            ("*", false),
        ])
    func manipulation(field: String, takesMergePatch: Bool) {
        #expect(ManipulationField(field).takesMergePatch == takesMergePatch)
        #expect(!ManipulationField(nil).takesMergePatch)
    }
}
