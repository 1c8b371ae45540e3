import AdminClient
import ArgumentParser
import ServiceSupport
import Testing
import YAML

@testable import portcullis

@Suite("Contexts") struct OperatorFileTests {
    private static let path = "/home/op/.config/portcullis/config.yaml"
    private static let text = """
        # which one
        context: prod   # the real one
        contexts:
          prod:
            admin-url: https://admin.example:8443
            token-file: ~/prod.token
          lab: {admin-url: "http://127.0.0.1:1"}  # mine

        """

    private func resolve(
        _ flags: [String] = [], environment: [String: String] = [:], file: String = text
    ) throws -> Settings {
        let files = [Self.path: file, "/home/op/prod.token": "prod", "/x": "x"]
        return try Settings.resolve(
            try ConnectionOptions.parse(flags),
            SettingsSources(
                environment: environment.merging(["HOME": "/home/op"]) { $1 },
                read: { path in
                    guard let text = files[path] else { throw CommandError("\(path): no such file") }
                    return text
                },
                exists: { files[$0] != nil }))
    }

    private func message(_ body: () throws -> some Any) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? CommandError)?.message ?? "\(error)"
        }
    }

    @Test("the context that the file names is used, unless the environment or a flag names another")
    func choice() throws {
        let prod = try resolve()
        #expect(prod.adminURL.description == "https://admin.example:8443" && prod.token == "prod")
        let lab = try resolve(environment: ["PORTCULLIS_CONTEXT": "lab"])
        #expect(lab.adminURL.description == "http://127.0.0.1:1" && lab.token == nil)
        let flag = try resolve(["--context", "prod"], environment: ["PORTCULLIS_CONTEXT": "lab"])
        #expect(flag.adminURL.description == "https://admin.example:8443")
    }

    @Test("a context that a flag names goes before variables, and no token of theirs goes to it")
    func precedence() throws {
        let environment = ["PORTCULLIS_ADMIN_URL": "http://127.0.0.1:9", "PORTCULLIS_TOKEN": "abc"]
        let variables = try resolve(environment: environment)
        #expect(variables.adminURL.description == "http://127.0.0.1:9" && variables.token == "abc")
        let flag = try resolve(["--context", "lab"], environment: environment)
        #expect(flag.adminURL.description == "http://127.0.0.1:1" && flag.token == nil)
        let mixed = try resolve(["--context", "lab", "--token-file", "/x"], environment: environment)
        #expect(mixed.adminURL.description == "http://127.0.0.1:1" && mixed.token == "x")
    }

    @Test("a context's token goes to its own address only, however the context was chosen")
    func otherAddress() throws {
        let address = "http://127.0.0.1:9"
        let variable = ["PORTCULLIS_ADMIN_URL": address]
        for settings in [
            try resolve(["--admin-url", address]), try resolve(environment: variable),
            try resolve(["--context", "prod", "--admin-url", address]),
            try resolve(environment: variable.merging(["PORTCULLIS_CONTEXT": "prod"]) { $1 }),
        ] {
            #expect(settings.adminURL.description == address && settings.token == nil && settings.tokenFile == nil)
            #expect(settings.withheld == ["\(Self.path):6:17: token-file"])
        }
        #expect(try resolve(["--admin-url", "https://admin.example:8443/"]).token == "prod")
    }

    @Test("a file without a choice needs one, unless an address is given")
    func noChoice() throws {
        let file = "contexts: {a: {admin-url: http://127.0.0.1:1}, b: {admin-url: http://127.0.0.1:2}}"
        #expect(message { try resolve(file: file) } == "\(Self.path): none of its contexts is in use: a, b")
        #expect(try resolve(["--admin-url", "http://127.0.0.1:3"], file: file).token == nil)
        #expect(try resolve(["--context", "b"], file: file).adminURL.description == "http://127.0.0.1:2")
    }

    @Test("a context that does not exist is told with its place and what there is")
    func missing() {
        #expect(
            message { try resolve(["--context", "pord"]) }
                == "--context: there is no context \"pord\"; did you mean \"prod\"?")
        #expect(
            message { try resolve(environment: ["PORTCULLIS_CONTEXT": "x"]) }
                == "PORTCULLIS_CONTEXT: there is no context \"x\"")
        let file = Self.text.replacing("context: prod", with: "context: none")
        #expect(message { try resolve(file: file) } == "\(Self.path):2:10: there is no context \"none\"")
        #expect(message { try resolve(["--context", "lab"], file: file) } == nil)
        #expect(message { try resolve(["--context", "lab"], file: "") } == "--context: there is no context \"lab\"")
    }

    @Test(
        "mistakes are told with file, line and column",
        arguments: [
            ("context: a\n", "1:10: \"context\" is one of the \"contexts\", and there are none"),
            (
                "admin-url: http://a\ncontexts: {a: {admin-url: http://a}}\n",
                "1:1: with \"contexts\", \"admin-url\" stands in one of them"
            ),
            ("contexts:\n  a:\n    token-file: /t\n", "2:3: the context a has no \"admin-url\""),
            (
                "contexts:\n  a:\n    admin-ulr: /t\n    admin-url: http://a\n",
                "3:5: unknown key \"admin-ulr\"; did you mean \"admin-url\"?"
            ),
            (
                "contexts:\n  A: {admin-url: http://a}\n",
                "2:3: the name of a context must start with a lower-case letter or a digit"
            ),
        ])
    func mistakes(text: String, expected: String) {
        #expect(message { try resolve(file: text) } == "\(Self.path):\(expected)")
    }

    @Test("~/ in a path is the home directory, wherever the path is given; another user's is not found")
    func home() throws {
        #expect(try resolve(["--token-file", "~/prod.token"], file: "").token == "prod")
        #expect(try resolve(environment: ["PORTCULLIS_CA_FILE": "~/ca.pem"], file: "").caFile == "/home/op/ca.pem")
        #expect(
            message { try resolve(["--token-file", "~root/t"], file: "") }
                == "--token-file: \"~root/t\": only ~/ stands for a home directory, yours")
    }

    @Test("only the name after `context` changes, or a line is added; everything else keeps its bytes")
    func use() throws {
        let used = try OperatorFile(path: "c", text: Self.text).text(using: "lab", in: Self.text)
        #expect(used == Self.text.replacing("context: prod ", with: "context: lab "))
        for quote in ["\"", "'"] {
            let quoted = Self.text.replacing("context: prod", with: "context: \(quote)prod\(quote)")
            #expect(try OperatorFile(path: "c", text: quoted).text(using: "lab", in: quoted) == used)
        }
        let without = Self.text.replacing("context: prod   # the real one\n", with: "")
        #expect(
            try OperatorFile(path: "c", text: without).text(using: "lab", in: without)
                == without.replacing("contexts:", with: "context: lab\ncontexts:"))
        let flow = "{contexts: {a: {admin-url: http://a}}}"
        let refused = message { try OperatorFile(path: "c", text: flow).text(using: "a", in: flow) }
        #expect(refused?.hasPrefix("c: ") == true)
        let tagged = Self.text.replacing("context: prod", with: "context: !!str prod")
        #expect(message { try OperatorFile(path: "c", text: tagged).text(using: "lab", in: tagged) } != nil)
    }
}
