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

    @Test("control characters do not reach the terminal")
    func control() {
        #expect(text("", "a\u{1B}[2J\n").contains("+a?[2J"))
    }
}
