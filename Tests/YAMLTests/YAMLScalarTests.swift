import Testing
import YAML

@Suite struct YAMLScalarTests {
    @Test(
        "bare text is what the YAML 1.2 core schema says",
        arguments: [
            ("", .null), ("~", .null), ("null", .null), ("Null", .null), ("nULL", .string("nULL")),
            ("true", .boolean(true)), ("False", .boolean(false)), ("TRUE", .boolean(true)),
            ("yes", .string("yes")), ("no", .string("no")), ("NO", .string("NO")), ("on", .string("on")),
            ("off", .string("off")), ("y", .string("y")),
            ("0", .integer(0)), ("-7", .integer(-7)), ("+12", .integer(12)), ("012", .integer(12)),
            ("0o17", .integer(15)), ("0x1F", .integer(31)), ("0x-1", .string("0x-1")), ("0b1", .string("0b1")),
            ("1_000", .string("1_000")), ("12:30", .string("12:30")), ("0o8", .string("0o8")),
            ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1.5", .number(1.5)), ("1.", .number(1)), (".5", .number(0.5)), ("-1e3", .number(-1000)),
            ("1e", .string("1e")), (".", .string(".")), ("-", .string("-")), ("+", .string("+")),
            ("1.2.3", .string("1.2.3")), ("198.51.100.1", .string("198.51.100.1")), (".inf", .number(.infinity)),
            ("-.INF", .number(-.infinity)), ("inf", .string("inf")), ("nan", .string("nan")),
            ("20000-29999", .string("20000-29999")), ("2001:db8::1", .string("2001:db8::1")),
        ] as [(String, YAMLScalar.Resolved)])
    func core(text: String, expected: YAMLScalar.Resolved) {
        #expect(YAMLScalar(text: text, isPlain: true).resolved == expected)
        #expect(YAMLScalar(text: text, isPlain: false).resolved == .string(text))
    }
}
