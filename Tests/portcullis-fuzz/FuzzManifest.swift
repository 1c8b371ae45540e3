import ArgumentParser
import Fuzzing
import Versions

struct FuzzManifest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "The manifest of a version, and its signatures.")

    @OptionGroup var options: FuzzOptions

    func run() throws {
        options.run(
            "manifest", corpus: [Self.service, Self.workers, Self.files, Self.signatures].map { Array($0.utf8) },
            dictionary: [
                "..", "../", "/", "//", "./", "\\u0000", "\\u202e", "\\n", "e\u{301}", "\u{E9}", "\u{212A}", "K",
                "STRASSE",
                "0644", "0755", "4755", "0777", "\"path\":", "\"mode\":", "\"size\":", "\"target\":", "\"links\":[",
                "-1",
                "1099511627776", "1099511627777", "1.0", "1e2", "null", "[]", "{}", "\"format\":2", "\"format\":3",
                "\"ports\":\"5-9\"", "\"a/b\"", "\"a\"",
                "\"A\"", "\"every\":60", "\"optional\":true", "\"number\":[0,1]", "\"text\":1", "\"by\":\"notify\"",
                "\"/usr/bin/a\"", "PORTCULLIS_", Self.digest, ",", "}", "]", "[[[[", "{\"a\":",
            ],
            body: { bytes in
                let isManifest = Manifest.fuzz(bytes)
                let signatures = try? ManifestSignatures(reading: bytes)
                if let signatures {
                    precondition((try? ManifestSignatures(reading: signatures.bytes)) == signatures, "other signatures")
                }
                return isManifest || signatures != nil
            })
    }

    private static let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    private static func file(_ path: String, _ mode: String) -> String {
        """
        {"path":"\(path)","mode":"\(mode)","size":6,"sha256":"\(digest)","compressed-size":15,"compressed-sha256":"\(digest)"}
        """
    }

    private static let service = """
        {"format":1,"type":"mdb","name":"1.5.0","variant":"debug","user":"mdb","run":{"command":["bin/mdb","-s"],\
        "environment":{"A":"b"},"stop-signal":"INT","stop-timeout":9,"start-timeout":9,"ready":{"by":"port","port":80}},\
        "listen":[{"name":"a","protocol":"tcp","port":80}],"tests":[{"name":"a","command":["bin/mdb"],"timeout":9,\
        "from":"node"},{"name":"b","http":{"method":"GET","port":80,"path":"/","status":200},"timeout":9,"from":"outside"}],\
        "actions":[{"name":"a","command":["/bin/a"],"arguments":[{"name":"k","words":["x","y"]},{"name":"n","number":[1,2],\
        "optional":true}],"timeout":9}],"install":[{"path":"logs"},{"path":"d","storage":"db"}],"uninstall":["d"],\
        "database":{"name":"m","schema":"sql/s","patches":"sql/p"},"limits":{"memory":1048576,"cpu":100},\
        "files":[\(file("bin/mdb", "0755")),\(file("sql/s", "0644")),\(file("sql/p/1", "0644"))]}
        """

    private static let workers = """
        {"format":2,"type":"t","name":"1","variant":"release","run":{"command":["/bin/a"],"stop-signal":"TERM",\
        "stop-timeout":9,"start-timeout":9,"ready":{"by":"notify"},"workers":4,"reload":{"by":"signal","signal":"HUP"},\
        "watchdog":9,"inherit":"nginx"},"listen":[{"name":"a","protocol":"udp","ports":"80-89","address":"::1"}],"files":[]}
        """

    private static let files = """
        {"format":1,"type":"t","name":"1","variant":"release","files":[\(file("a/b/c", "0644")),\(file("a/b/d", "0600")),\
        \(file("a/e", "0755")),\(file("f g", "0444"))],"links":[{"path":"a/l","target":"b/c"},{"path":"a/b/m","target":"../e"},\
        {"path":"n","target":"a"}]}
        """

    private static let signatures = """
        {"format":1,"signatures":[{"key":"0123456789abcdef","signature":"\(String(repeating: "A", count: 86))=="}]}
        """
}
