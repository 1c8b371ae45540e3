import JSON
import Testing

@testable import Versions

/// Paths, modes, links and blobs that nothing good comes of.
@Suite struct ManifestFileTests {
    private func fault(_ path: String) -> String? {
        var manifest = Samples.manifest()
        manifest.files = [Samples.file(path)]
        let faults = Samples.faults(manifest)
        #expect(faults.count <= 1)
        return faults.first
    }

    @Test(
        "paths that leave the root, or that no terminal and no file system keeps apart, are refused",
        arguments: [
            ("", "is empty"), ("/etc/passwd", "is absolute; paths are relative to the version's root"),
            ("..", #"has the name "..""#), ("../x", #"has the name "..""#), ("a/../b", #"has the name "..""#),
            ("a/..", #"has the name "..""#), (".", #"has the name ".""#), ("./a", #"has the name ".""#),
            ("a//b", "has an empty name between or after slashes"),
            ("a/", "has an empty name between or after slashes"),
            ("a\u{0}b", #"has "\u{0}", a control character"#), ("a\nb", #"has "\n", a control character"#),
            ("a\u{7F}", #"has "\u{7F}", a control character"#), ("a\u{85}", #"has "\u{85}", a control character"#),
            ("a\u{202E}b", #"has "\u{202E}", a control character"#),
            ("a\u{200B}", #"has "\u{200B}", a control character"#),
            ("a\u{2028}", #"has "\u{2028}", a control character"#),
            (String(repeating: "a", count: 256), "has a name longer than 255 bytes"),
            (String(repeating: "abc/", count: 256) + "a", "is longer than 1024 bytes"),
        ])
    func badPaths(_ path: String, _ problem: String) {
        #expect(fault(path)?.hasSuffix(" \(problem)") == true, "\(fault(path) ?? "no fault")")
    }

    @Test(
        "other paths are taken as they are",
        arguments: [
            "a", "..a", "a..b/...", ".hidden", "-rf", "a b", "a\\b", "ä/日本語/é", "CON", "x:y", "~", "$HOME",
            String(repeating: "a", count: 255), String(repeating: "abc/", count: 255) + "abcd",
        ])
    func goodPaths(_ path: String) { #expect(fault(path) == nil) }

    @Test(
        "two paths that some file system takes for one are refused",
        arguments: [
            ("bin/PGW", "bin/pgw"), ("Bin/a", "bin/b"), ("\u{E9}", "e\u{301}"), ("\u{C9}", "e\u{301}"),
            ("K", "\u{212A}"),
            ("stra\u{DF}e", "STRASSE"), ("\u{17F}", "s"), ("d\u{E9}/a", "de\u{301}/b"),
        ])
    func twins(_ first: String, _ second: String) {
        let faults = Samples.faults(Samples.manifest(first, second))
        #expect(faults.count == 1)
        #expect(faults.first?.contains("differ by case or Unicode form alone") == true, "\(faults)")
        #expect(faults.first?.hasPrefix("/files/1/path: ") == true)
    }

    @Test("a path that is there twice, or that is a file and a directory, is refused in any order")
    func inTheWay() {
        #expect(Samples.faults(Samples.manifest("a", "a")) == [#"/files/1/path: "a" is there twice"#])
        #expect(
            Samples.faults(Samples.manifest("a", "a/b")) == [#"/files/1/path: "a" is a file, and here a directory"#])
        #expect(
            Samples.faults(Samples.manifest("a/b/c", "a")) == [#"/files/1/path: "a" is a directory with other files"#])
        #expect(
            Samples.faults(Samples.manifest("x/y", links: [("x/y", "z")])) == [#"/links/0/path: "x/y" is there twice"#])
    }

    @Test(
        "links that lead out, nowhere, or through another link are refused",
        arguments: [
            ("l", "/etc/passwd", "is absolute, and would lead outside of the version"),
            ("l", "../x", "leads out of the version"), ("d/l", "../../x", "leads out of the version"),
            ("l", "", "is empty"), ("d/l", "..", "is a directory above the link"),
            ("d/l", "../d/../f", #"has the name "..""#), ("d/l", "./f", #"has the name ".""#),
            ("d/l", "f/", "has an empty name between or after slashes"),
            ("l", "nothing", "is neither a file nor a directory of the version"),
            ("l", "D", "is neither a file nor a directory of the version"),
            ("l", "l", "leads through more than 8 links"), ("l", "to-d/f", "passes through another link"),
            ("l", "d/f/x", "is neither a file nor a directory of the version"),
        ])
    func badLinks(_ path: String, _ target: String, _ problem: String) {
        let faults = Samples.faults(Samples.manifest("d/f", links: [(path, target), ("to-d", "d")]))
        #expect(faults.count == 1)
        #expect(faults.first?.hasPrefix("/links/0/target: ") == true, "\(faults)")
        #expect(faults.first?.hasSuffix(" \(problem)") == true, "\(faults)")
    }

    @Test("two links that lead to each other are refused, and a file below a link")
    func linkLoops() {
        #expect(Samples.faults(Samples.manifest("f", links: [("a", "b"), ("b", "a")])).count == 2)
        #expect(
            Samples.faults(Samples.manifest("d/f", links: [("l", "d"), ("l/x", "f")]))
                == [#"/links/1/path: "l" is a link, and here a directory"#])
    }

    @Test("links to files, to directories, upwards and from one to the next are taken")
    func goodLinks() {
        let manifest = Samples.manifest(
            "lib/a.so.1.2", links: [("bin/lib", "../lib"), ("lib/a.so", "a.so.1"), ("lib/a.so.1", "a.so.1.2")])
        #expect(Samples.faults(manifest) == [])
    }

    private func fault(mode: String) -> String? {
        Samples.faults(Samples.whole(#""mode":"0644""#, #""mode":"\#(mode)""#)).first
    }

    @Test(
        "setuid, setgid, sticky, what others may write, and what is no mode are refused",
        arguments: [
            "4755", "2755", "1755", "0777", "0664", "0666", "0002", "0200", "0044", "644", "00644", "0844", "-644",
            "0x1F",
        ])
    func badModes(_ mode: String) {
        #expect(fault(mode: mode)?.contains("is no mode of a file") == true)
    }

    @Test("modes within 0755 are taken", arguments: ["0644", "0755", "0400", "0444", "0555", "0600", "0750"])
    func goodModes(_ mode: String) {
        #expect(fault(mode: mode) == nil)
        #expect(FileMode(mode)?.description == mode)
    }

    @Test("what a build leaves for others to write is not so in a version; setuid is refused")
    func builtModes() {
        #expect(FileMode(ofBuilt: 0o664)?.description == "0644")
        #expect(FileMode(ofBuilt: 0o777)?.description == "0755")
        #expect(FileMode(ofBuilt: 0o600)?.description == "0600")
        #expect(FileMode(ofBuilt: 0o4755) == nil)
        #expect(FileMode(ofBuilt: 0o2755) == nil)
        #expect(FileMode(ofBuilt: 0o044) == nil)
    }

    @Test("sizes and digests out of range are refused")
    func blobs() {
        let faults = { (part: String, replacement: String) in
            Samples.faults(Samples.whole(part, replacement)).first
        }
        #expect(
            faults(#""size":6"#, #""size":-1"#)
                == "/files/0/size: must be a whole number from 0 to 1099511627776, and is -1")
        #expect(
            faults(#""size":6"#, #""size":1099511627777"#)
                == "/files/0/size: must be a whole number from 0 to 1099511627776, and is 1099511627777")
        #expect(
            faults(#""compressed-size":15"#, #""compressed-size":1031"#)
                == "/files/0/compressed-size: must be a whole number from 1 to 1030, and is 1031")
        let digest = "\(Samples.blob.digest)"
        #expect(
            faults(digest, digest.uppercased())?.contains("is no SHA-256: 64 lower-case hexadecimal digits") == true)
        #expect(faults(digest, String(digest.dropLast()))?.contains("is no SHA-256") == true)
    }

    @Test("one content has one size and one compressed form")
    func contradictoryBlobs() {
        var manifest = Samples.manifest("a", "b")
        manifest.files[1].blob = Blob(
            digest: Samples.blob.digest, size: 7, compressedSize: 15, compressedDigest: Samples.blob.compressedDigest)
        #expect(Samples.faults(manifest).first?.hasPrefix("/files/1: ") == true)
    }
}
