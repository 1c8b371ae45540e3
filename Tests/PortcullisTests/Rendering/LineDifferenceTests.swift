import TestSupport
import Testing

@testable import portcullis

@Suite struct LineDifferenceTests {
    private func text(_ before: String, _ after: String) -> String {
        LineDifference(before: before, after: after).text(header: ("old", "new"))
    }

    @Test("equal texts have none")
    func none() {
        #expect(LineDifference(before: "a\nb\n", after: "a\nb\n").isEmpty)
        #expect(LineDifference(before: "", after: "").isEmpty)
    }

    @Test("changed lines stand with three lines around them, as diff -u has it")
    func hunk() {
        let before = (1...12).map { "line \($0)\n" }.joined()
        #expect(
            text(before, before.replacing("line 6\n", with: "line six\nand a half\n")) == """
                --- old
                +++ new
                @@ -3,7 +3,8 @@
                 line 3
                 line 4
                 line 5
                -line 6
                +line six
                +and a half
                 line 7
                 line 8
                 line 9

                """)
    }

    @Test("what is far apart stands in hunks of its own")
    func hunks() {
        let before = (1...30).map { "\($0)\n" }.joined()
        let after = before.replacing("\n2\n", with: "\n").replacing("\n28\n", with: "\n28\nx\n")
        #expect(
            text(before, after).split(separator: "\n").filter { $0.hasPrefix("@@") }
                == ["@@ -1,5 +1,4 @@", "@@ -26,5 +25,6 @@"])
    }

    @Test("an empty text before or after is told as diff does")
    func empty() {
        #expect(text("", "a\n") == "--- old\n+++ new\n@@ -0,0 +1,1 @@\n+a\n")
        #expect(text("a\n", "") == "--- old\n+++ new\n@@ -1,1 +0,0 @@\n-a\n")
    }

    @Test("lines are compared by their bytes: an accent in another form, a carriage return, the last line feed")
    func bytes() {
        #expect(text("caf\u{E9}\n", "cafe\u{301}\n") == "--- old\n+++ new\n@@ -1,1 +1,1 @@\n-caf\u{E9}\n+cafe\u{301}\n")
        #expect(
            text("a\r\nb\r\nc\r\n", "a\r\nB\r\nc\r\n")
                == "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\\r\n-b\\r\n+B\\r\n c\\r\n")
        #expect(text("a\n", "a\r\n") == "--- old\n+++ new\n@@ -1,1 +1,1 @@\n-a\n+a\\r\n")
        #expect(
            text("a\nb", "a\nb\n")
                == "--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n")
    }

    @Test("edits make one sequence of the other, whatever both are; long ones that differ wholly are replaced")
    func edits() {
        var random = SeededGenerator(seed: 3)
        for (length, kinds) in [(0, 1), (5, 3), (40, 6), (3_000, 4), (3_000, 2_000), (50_000, 1_000_000)] {
            for _ in 0..<(length < 100 ? 50 : 2) {
                let old = (0..<length).map { _ in Int.random(in: 0..<kinds, using: &random) }
                var new = old
                for _ in 0..<(length / 3) {
                    new[Int.random(in: 0..<length, using: &random)] = Int.random(in: 0..<kinds, using: &random)
                }
                if length > 10 { new.removeSubrange(3..<7) }
                let edits = SequenceEdits(from: old, to: new)
                #expect(
                    zip(old, edits.isRemoved).filter { !$1 }.map(\.0)
                        == zip(new, edits.isInserted).filter { !$1 }.map(\.0))
            }
        }
        let other = SequenceEdits(from: Array(0..<100_000), to: Array(200_000..<300_000))
        #expect(other.isRemoved.allSatisfy(\.self) && other.isInserted.allSatisfy(\.self))
        let moved = SequenceEdits(from: Array(0..<100_000), to: Array(50_000..<100_000) + Array(0..<50_000))
        #expect(moved.isRemoved.count(where: \.self) == 50_000)
    }

    @Test("control characters do not reach the terminal")
    func control() {
        #expect(text("", "a\u{1B}[2J\n").contains(#"+a\u{1B}[2J"#))
    }
}
