import ArgumentParser
import Fuzzing
import HealthChecks

struct FuzzChecks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checks",
        abstract: "Health checks: what servers answer, and what daemon and prober tell each other.")

    @OptionGroup var options: FuzzOptions

    func run() throws {
        options.run(
            "checks http",
            corpus: [
                "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nit alive",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nali\r\n2;x=y\r\nve\r\n0\r\n\r\n",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 204 No\r\n\r\n", "HTTP/1.1 302 Found\nLocation: /\n\naaab",
            ].map { Array($0.utf8) },
            dictionary: [
                "\r\n", "\n", "\r\n\r\n", ":", "HTTP/1.1 ", "100", "503", "Content-Length: ", "Transfer-Encoding: ",
                "chunked", "0\r\n", "FFFFFFFFFFFFFFF", "999999999999999999", "alive", "aa", ";",
            ],
            body: { try HTTPConversation.fuzz($0) })
        options.run(
            "checks smtp",
            corpus: ["220-mail\r\n220 ready\r\n250-mail\r\n250 HELP\r\n", "220\n250\n", "421 busy\r\n"].map {
                Array($0.utf8)
            },
            dictionary: ["\r\n", "\n", "-", " ", "220", "250", "554"], body: { try SMTPConversation.fuzz($0) })
        let question: [UInt8] = [1, 0x61, 0, 0, 1, 0, 1]
        let record: [UInt8] = [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4]
        let alias: [UInt8] = [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xC0, 12]
        options.run(
            "checks dns",
            corpus: [
                [1, 2, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + question + record,
                [1, 2, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0] + question + alias + record,
                [1, 2, 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0] + question,
            ],
            dictionary: ["\u{0}", "\u{0}\u{1}", "\u{C}", "\u{3F}", "a"],
            body: { try DNSConversation.fuzz($0, name: "a", id: 0x0102) })
        options.run(
            "checks ping", corpus: [[0, 0, 9, 9, 0, 7, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8]], dictionary: ["\u{0}", "\u{1}"],
            body: { try PingEcho.fuzz($0) })
        options.run(
            "checks messages",
            corpus: [
                "portcullis-checks 1\nremove 7\nwhole\ntarget 7 10.1.0.11 80 tcp\n",
                "target 8 fd00::11 0 down 1500 ping interval=0.5\n",
                "target 9 10.1.0.11 443 up 0 https path=/a%20b status=200;204-299 name=x verify=full port=443\n",
                "verdict 7 down 12 3000000 no%20answer%20within%203%20s\nverdict 7 up 0 9 253 -\n",
                "result 7 3 20 100%25\nalive 5 100 2 1 2 3 no%20descriptors\n",
            ].map { Array($0.utf8) },
            dictionary: [
                "\n", " ", "  ", "-", "%", "%20", "%FF", "%41", "0", "18446744073709551615", "18446744073709551616",
                "65535", "65536", "254", "up", "down", "tcp", "dns query=a", "udp send=x expect=", "command arg=/x",
                "drop-after=never", "timeout=0.1", "::", "target ", "verdict ", "alive ",
            ],
            body: { try ProberMessage.fuzz($0) })
    }
}
