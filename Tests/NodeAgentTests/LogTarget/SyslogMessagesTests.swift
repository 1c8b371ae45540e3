import ServiceSupport
import Testing
import Text

@testable import NodeAgent

@Suite("Logs as messages of syslog") struct SyslogMessagesTests {
    private func text(_ lines: String) -> String {
        var messages = SyslogMessages(host: "app1", service: "pgw.1", time: "2026-11-29T00:00:00Z")
        messages.add(Array(lines.utf8)[...])
        return String(decoding: messages.bytes, as: UTF8.self)
    }

    private let head = "1 2026-11-29T00:00:00Z app1 pgw.1 - - - "

    @Test("each line is a message with its length before it")
    func lines() {
        #expect(text("a\n\nlast") == "46 <134>\(head)a45 <134>\(head)49 <134>\(head)last")
        #expect(text("") == "")
    }

    @Test("the severity is what the line says before its text")
    func severity() {
        #expect(text("<3>bad\n") == "48 <131>\(head)bad")
        for line in ["<8>a", "<3 a", "3>a", "<>", "<3"] {
            #expect(text(line) == "\(45 + line.utf8.count) <134>\(head)\(line)")
        }
        #expect(text("<0>") == "45 <128>\(head)")
    }

    @Test("what the node says is a warning")
    func note() {
        var messages = SyslogMessages(host: "app1", service: "pgw.1", time: "2026-11-29T00:00:00Z")
        messages.addNote("lost")
        #expect(String(decoding: messages.bytes, as: UTF8.self) == "66 <132>\(head)portcullis-node: lost")
    }

    @Test("bytes that are no text stay as they are")
    func bytes() {
        var messages = SyslogMessages(host: "a", service: "b.1", time: "-")
        messages.add([0xFF, 0x00, 0x0A])
        #expect(messages.bytes.suffix(2) == [0xFF, 0x00])
    }
}

@Suite("Where logs are sent") struct LogTargetTests {
    @Test func addresses() throws {
        let target = try LogTarget("tls://logs.example.net:6514")
        #expect(target.isEncrypted && target.host == "logs.example.net" && target.port == 6514 && !target.isAddress)
        let other = try LogTarget("tcp://[2001:db8::1]:5140")
        #expect(!other.isEncrypted && other.host == "2001:db8::1" && other.isAddress)
    }

    @Test(arguments: [
        "", "logs.example:514", "udp://logs.example:514", "tcp://logs.example", "tcp://logs.example:0", "tcp://:514",
        "tcp://a:b:514", "tcp://[x]:514", "tcp://logs.example:514/", "tcp://a b:514", "tcp://a:70000",
    ])
    func faults(_ text: String) {
        #expect(throws: SettingsError.self) { try LogTarget(text) }
    }
}

@Suite("Positions in logs") struct SpoolPositionsTests {
    @Test("what is written is read again, and a line that cannot be read is left out")
    func file() {
        var positions = SpoolPositions()
        positions.entries["pgw.1"] = .init(position: .init(inode: 7, offset: 8, head: 9, older: 10))
        positions.entries["pgw.2"] = .init(position: .init(inode: 1, offset: 0, head: .max, older: 0), dropped: 0)
        #expect(SpoolPositions(reading: positions.bytes) == positions)
        #expect(SpoolPositions(reading: positions.bytes + Array("pgw.3 1 -2 3 4 5\npgw.4 1".utf8)) == positions)
        #expect(SpoolPositions(reading: []) == SpoolPositions())
    }
}
