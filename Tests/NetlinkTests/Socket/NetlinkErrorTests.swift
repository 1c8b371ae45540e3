import SystemPackage
import Testing

@testable import Netlink

@Suite("errors in words")
struct NetlinkErrorTests {
    @Test("an error names the command, the reason and the kernel's word for it")
    func text() {
        let refused = NetlinkError(
            refused: 2, command: "add destination 10.1.0.11:8080 to 198.51.100.36:80/tcp",
            reason: "scheduler \"mh\" is not available")
        #expect(
            "\(refused)"
                == #"add destination 10.1.0.11:8080 to 198.51.100.36:80/tcp: scheduler "mh" is not available (ENOENT)"#)
        #expect(
            "\(NetlinkError(code: .timedOut, command: "list links"))" == "list links: no answer from the kernel in time"
        )
        #expect(
            "\(NetlinkError(refused: 1, command: "add table inet portcullis"))"
                == "add table inet portcullis: Operation not permitted (EPERM)")
    }

    @Test(
        "what a caller must do follows from the number",
        arguments: [
            (105, NetlinkError.Code.overflow), (11, .retry), (4, .retry), (85, .retry), (2, .refused), (17, .refused),
        ] as [(Int32, NetlinkError.Code)])
    func code(number: Int32, code: NetlinkError.Code) {
        let error = NetlinkError(refused: number, command: "commit")
        #expect(error.code == code)
        #expect(error.errno?.rawValue == number)
    }

    @Test("a kernel without IPVS says so", .enabled(if: !hasIPVS))
    func noIPVS() throws {
        let error = try #require(throws: NetlinkError.self) { _ = try IPVS.Connection() }
        #expect("\(error)" == "find the generic netlink family IPVS: this kernel has no IPVS (ENOENT)")
    }

    private static var hasIPVS: Bool { (try? IPVS.Connection()) != nil }
}
