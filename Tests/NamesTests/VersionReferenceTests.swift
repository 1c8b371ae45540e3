import Names
import Testing

@Suite("References to versions") struct VersionReferenceTests {
    @Test("three forms are read, and written as they were")
    func forms() {
        let digest = String(repeating: "0f", count: 32)
        #expect(VersionReference("1.5.0") == .named("1.5.0", variant: nil))
        #expect(VersionReference("1.5.0/debug") == .named("1.5.0", variant: "debug"))
        #expect(VersionReference("sha256:\(digest)") == .manifest(digest))
        for text in ["1.5.0", "2026-01-31_a+b/x-1", "sha256:\(digest)"] {
            #expect(VersionReference(text).map { "\($0)" } == text)
        }
    }

    @Test(
        "nothing else is",
        arguments: ["", "/", "a/", "/a", "a/b/c", "-1", "a b", "é", "a/B", "sha256:", "sha256:0F", "..", "a/-b"])
    func others(text: String) {
        #expect(VersionReference(text) == nil)
    }

    @Test("paths of drives are absolute and plain")
    func drives() {
        for path in ["/mnt", "/mnt/d1", "/srv/data_2/x.y-z"] { #expect(DrivePath.isValid(path)) }
        for path in ["", "/", "mnt", "/mnt/", "/mnt//d", "/mnt/..", "/mnt/.d", "/mnt/a b", "/mnt/é"] {
            #expect(!DrivePath.isValid(path), "\(path)")
        }
    }
}
