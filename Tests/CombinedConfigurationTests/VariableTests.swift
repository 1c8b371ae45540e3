import Testing
import YAML

@testable import CombinedConfiguration

@Suite struct VariableTests {
    @Test("a variable that stands bare and alone keeps its kind; in quotes and beside other text it is text")
    func typed() throws {
        #expect(
            try Blocks.json("a: ${app-index}\nb: \"${app-index}\"\nc: n${app-index}\nd: ${services.logger.addresses}")
                == #"{"a":2,"b":"2","c":"n2","d":["10.1.0.31"]}"#)
        #expect(
            try Blocks.json("a: ${service.name} on ${server.name} at ${location.name} (${location.www-ip})")
                == #"{"a":"mdb.2 on db1 at tcn (198.51.100.36)"}"#)
        #expect(
            try Blocks.json("a:\n  - ${service.type}\n  - ${location.www-ip.addresses}")
                == #"{"a":["mdb",["198.51.100.36","2001:db8:0:1::36"]]}"#)
        #expect(try Blocks.json("a: ${services.none.addresses}") == #"{"a":[]}"#)
    }

    @Test("a default stands in for what there is not, and is of the variable's kind")
    func defaults() throws {
        #expect(
            try Blocks.json(
                "a: ${location.tg-ip:-127.0.0.1}\nb: ${services.gone.addresses:-[]}\nc: ${config.none:-5}\n"
                    + "d: ${location.www-ip:-unused}\ne: ${services.gone.names:-[x, \"5\"]}\nf: ${location.none:-}")
                == #"{"a":"127.0.0.1","b":[],"c":5,"d":"198.51.100.36","e":["x","5"],"f":""}"#)
        #expect(
            try Blocks.faults("a: ${app-index:-x}")
                == [#"a.yaml:1:4: the default of "${app-index}" must be a whole number, found "x""#])
        #expect(
            try Blocks.faults("a: ${services.a.addresses:-x}")
                == [#"a.yaml:1:4: the default of "${services.a.addresses}" must be a list of texts, found "x""#])
    }

    @Test("a text is read by its bytes: an accent after a brace, or after a dollar, belongs to what follows")
    func accents() throws {
        let name = "mdb.2"
        #expect(
            Array(try Blocks.json("a: \"${service.name}\u{301}\"\nb: x$\u{301}{y\nc: ${location.none:-\u{301}}").utf8)
                == Array("{\"a\":\"\(name)\u{301}\",\"b\":\"x$\u{301}{y\",\"c\":\"\u{301}\"}".utf8))
        #expect(
            Array(try Blocks.json("\u{E9}: 1\ne\u{301}: 2", "e\u{301}: 3").utf8)
                == Array("{\"\u{E9}\":1,\"e\u{301}\":3}".utf8))
    }

    @Test("a chain of references is followed as far as the limit, in whatever order it is written")
    func chains() throws {
        func chain(_ length: Int, reversed: Bool) throws -> ConfigurationTemplate.Resolution {
            let lines = ["k0: end"] + (1...length).map { "k\($0): ${config.k\($0 - 1)}" }
            let text = (reversed ? lines.reversed() : lines).joined(separator: "\n")
            return try Blocks.template(text).resolved(TestVariables())
        }
        for reversed in [false, true] {
            let longest = try chain(64, reversed: reversed)
            #expect(longest.errors == [] && longest.root["k64"]?.jsonText == "\"end\"")
            let tooLong = try chain(20_000, reversed: reversed)
            #expect(
                tooLong.errors.map(\.description) == [
                    "a.yaml:\(reversed ? 20_000 - 63 : 65):6: \"k64\" refers to another value, that to the next, and so on; "
                        + "at most 64 may do so in a row"
                ])
        }
    }

    @Test("a long circle is told with the ends of its way, once")
    func longCircle() throws {
        let lines = (0..<10_000).map { "k\($0): x${config.k\(($0 + 1) % 10_000)}" }
        #expect(
            try Blocks.errors(lines.joined(separator: "\n"))
                == [
                    "a.yaml:1:5: \"${config.k1}\" leads back to itself: "
                        + "k1 → k2 → k3 → k4 → k5 → … → k9997 → k9998 → k9999 → k0 → k1"
                ])
    }

    @Test("kinds that hang on other values are found along a chain of any length")
    func longKinds() throws {
        let lines = (1...10_000).map { "k\($0): ${config.k\($0 - 1)}" }
        let first = "k0: 1\n" + lines.joined(separator: "\n")
        let errors = try Blocks.errors(first, "k10000: text")
        #expect(
            errors.first == "b.yaml:1:9: \"k10000\" is text here, but a number at a.yaml:10001:9" && errors.count == 2)
    }

    @Test("what variables bring is bounded as a whole")
    func room() throws {
        let long = String(repeating: "x", count: 60_000)
        let lines = (0..<2_000).map { "k\($0): ${config.long}" }
        let errors = try Blocks.errors("long: \(long)\n" + lines.joined(separator: "\n"))
        #expect(errors.count == 1)
        #expect(
            errors.first?.hasSuffix(
                "\"${config.long}\": the configuration has more than 1048576 bytes with its variables") == true)
    }

    @Test("$${ is ${ itself, and another $ means nothing")
    func escapes() throws {
        #expect(
            try Blocks.json("a: $${service.name}\nb: costs $5\nc: x$${y}${app-index}\nd: \"$${5}\"\ne: $$")
                == #"{"a":"${service.name}","b":"costs $5","c":"x${y}2","d":"${5}","e":"$$"}"#)
    }

    @Test(
        "what is no variable is told with its place",
        arguments: [
            ("a: ${servce.name}", #"there is no variable "${servce.name}"; did you mean "${service.name}"?"#),
            (
                "a: ${services.logger}",
                #"there is no variable "${services.logger}"; of a type there are "${services.TYPE.addresses}" and names"#
            ),
            ("a: ${env.HOME}", #"there is no variable "${env.HOME}""#),
            ("a: ${}", #""${}" is no variable; a name has letters, digits, ".", "-" and "_""#),
            ("a: ${a b}", #""${a b}" is no variable; a name has letters, digits, ".", "-" and "_""#),
            ("a: x ${app-index", #""${" without "}"; "$${" stands for itself"#),
            ("a: ${location.x:-${app-index}}", "a variable inside another; a default has none"),
            (
                "a: x${services.logger.addresses}",
                #""${services.logger.addresses}" is a list, which cannot be part of a text; it stands bare and alone"#
            ),
        ])
    func unknown(_ text: String, _ message: String) throws {
        #expect(try Blocks.faults(text) == ["a.yaml:1:4: \(message)"])
    }

    @Test("an undefined variable is an error with the place of the value that has it")
    func undefined() throws {
        #expect(
            try Blocks.errors("b:\n  a: ${location.tg-ip}\n  c: ${services.gone.addresses}")
                == [
                    #"a.yaml:2:6: "${location.tg-ip}": the location tcn has no pool "tg-ip""#,
                    #"a.yaml:3:6: "${services.gone.addresses}": there is no type "gone""#,
                ])
    }

    @Test("other values of the configuration can be referred to, as they are after the last block")
    func configuration() throws {
        #expect(
            try Blocks.json(
                "root: data\nlog: {path: \"${config.root}/logs\", n: 1}\ncopy: ${config.log.n}", "root: other")
                == #"{"root":"other","log":{"path":"other/logs","n":1},"copy":1}"#)
        #expect(
            try Blocks.errors("a: ${config.b.c}")
                == [#"a.yaml:1:4: "${config.b.c}": the configuration has no value "b.c""#])
        #expect(
            try Blocks.errors("a: ${config.b}\nb: [1]")
                == [#"a.yaml:1:4: "${config.b}" is a list (a.yaml:2:4); only a single value can be referred to"#])
        #expect(
            try Blocks.errors("a: x${config.b}\nb: null")
                == [#"a.yaml:1:4: "${config.b}" is nothing, which cannot be part of a text"#])
    }

    @Test("values that lead back to themselves are told with the way")
    func cycles() throws {
        #expect(
            try Blocks.errors("a: ${config.b}\nb: x${config.c}", "c: ${config.a}")
                == [#"a.yaml:1:4: "${config.b}" leads back to itself: b → c → a → b"#])
        #expect(
            try Blocks.errors("a: x${config.a}")
                == [#"a.yaml:1:4: "${config.a}" leads back to itself: a → a"#])
    }

    @Test("texts that double in each step are stopped, not computed")
    func explosion() throws {
        let lines = (1...60).map { "v\($0): ${config.v\($0 - 1)}${config.v\($0 - 1)}" }
        let errors = try Blocks.errors("v0: x123456789\n" + lines.joined(separator: "\n"))
        #expect(errors.first?.hasSuffix("the text has more than 65536 bytes with its variables") == true)
    }

    @Test("workers from a variable are looked at when it is known")
    func workers() throws {
        #expect(try Blocks.json("workers: ${app-index}") == #"{"workers":2}"#)
        #expect(
            try Blocks.errors("workers: ${config.n}\nn: 99")
                == ["a.yaml:1:10: expected a number of workers from 0 to 64, found 99"])
        #expect(
            try Blocks.errors("workers: ${service.name}")
                == ["a.yaml:1:10: expected a number of workers from 0 to 64, found \"mdb.2\""])
    }

    @Test("a binary secret is put in as Base64, and nowhere as a text")
    func binarySecrets() throws {
        let template = try Blocks.template("p: !secret-base64 tls-key\nq: ${config.p}\nr: !secret-base64 db-password")
        let resolution = template.resolved(TestVariables())
        #expect(resolution.errors == [])
        #expect(
            resolution.root.jsonText
                == #"{"p":{"!secret-base64":"tls-key"},"q":{"!secret-base64":"tls-key"},"#
                + #""r":{"!secret-base64":"db-password"}}"#)
        #expect(resolution.root.yaml.yamlText().hasPrefix("p: !secret-base64 tls-key\n"))
        let revealed = resolution.root.revealing { $0.form == .base64 ? "coded" : "plain" }
        #expect(revealed.jsonText == #"{"p":"coded","q":"coded","r":"coded"}"#)
        #expect(
            try Blocks.errors("a: !secret-base64 tls-key\nb: {c: !secret tls-key}")
                == [
                    #"a.yaml:2:8: the secret "tls-key" is binary and no text; !secret-base64 in place of !secret gives "#
                        + "its Base64"
                ])
    }

    @Test("a secret is its name until it is revealed, and is no part of a text")
    func secrets() throws {
        let template = try Blocks.template("p: !secret db-password\nq: ${config.p}")
        let root = template.resolved(TestVariables()).root
        #expect(root.jsonText == #"{"p":{"!secret":"db-password"},"q":{"!secret":"db-password"}}"#)
        #expect(root.yaml.yamlText() == "p: !secret db-password\nq: !secret db-password\n")
        #expect(root.revealing { "\($0.name)!" }.jsonText == #"{"p":"db-password!","q":"db-password!"}"#)
        #expect(
            try Blocks.errors("p: !secret db-password\nq: x${config.p}")
                == [#"a.yaml:2:4: "${config.p}" is a secret, which cannot be part of a text"#])
        #expect(
            try Blocks.errors("p: !secret other")
                == [#"a.yaml:1:4: there is no secret "other"; `portcullis secrets set` makes one"#])
    }
}
