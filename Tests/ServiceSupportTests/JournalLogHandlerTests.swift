import Foundation
import Logging
@testable import ServiceSupport
import Testing

@Suite("Messages to journald") struct JournalLogHandlerTests {
    /// A socket that takes datagrams, as journald has one.
    private final class Journal {
        let path: String
        private let descriptor: Int32

        init() throws {
            path = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString.prefix(8))").path
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let bound = withUnsafePointer(to: &address) { address in
                address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(bound == 0)
        }

        deinit {
            close(descriptor)
            unlink(path)
        }

        func datagram() -> String {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
    }

    @Test("what comes from outside can neither write fields of its own nor turn the direction of writing")
    func escaped() throws {
        let journal = try Journal()
        let handler = try #require(JournalLogHandler(identifier: "gw", logLevel: .info, path: journal.path))
        let logger = Logger(label: "gw") { _ in handler }
        logger.info("held \u{202E}back", metadata: ["reason": "a\nPRIORITY=0\u{202E}"])
        let datagram = journal.datagram()
        #expect(datagram.contains("MESSAGE=held \\u{202E}back\n"), "\(datagram)")
        #expect(datagram.contains("PORTCULLIS_REASON=a\\nPRIORITY=0\\u{202E}\n"), "\(datagram)")
    }
}
