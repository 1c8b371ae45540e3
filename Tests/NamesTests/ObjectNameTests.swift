import Names
import Testing

@Suite struct ObjectNameTests {
    @Test("names are those of services.csv; a type's has no dot, so that instances can be told")
    func names() {
        for name in ["a", "www-ip", "tg_1", "7", "a.b", String(repeating: "x", count: 63)] {
            #expect(ObjectName.isValid(name, as: .pool), "\(name)")
        }
        for name in ["", "-a", ".a", "A", "a b", "é", "a/b", "a,b", String(repeating: "x", count: 64)] {
            #expect(!ObjectName.isValid(name, as: .pool), "\(name)")
        }
        #expect(!ObjectName.isValid("tg.3", as: .type))
        #expect(!ObjectName.isValid(String(repeating: "x", count: 53), as: .type))
    }

    @Test("an instance is named by its type and index")
    func instances() throws {
        let parsed = try #require(ServiceName("tg.3"))
        #expect(parsed.type == "tg" && parsed.index == 3 && "\(parsed)" == "tg.3")
        #expect(ServiceName("tg.999999999") != nil && ServiceName("tg.1000000000") == nil)
        // The last two read as tg.3 where characters are compared in place of code points.
        for name in [
            "tg", "tg.", "tg.0", "tg.03", "tg.+3", ".3", "tg.3.4", "TG.3", "tg.3 ", "tg.99999999999999999999",
            "tg.\u{301}3", "tg.3\u{301}",
        ] {
            #expect(ServiceName(name) == nil, "\(name)")
        }
    }
}
