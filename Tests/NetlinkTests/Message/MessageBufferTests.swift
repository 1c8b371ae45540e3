import CNetlink
import NetworkTypes
import Testing

@testable import Netlink

@Suite("the message builder")
struct MessageBufferTests {
    @Test("messages, nests and padding lie as linux/netlink.h has them")
    func bytes() {
        var buffer = MessageBuffer(capacity: 0)
        buffer.message(type: 0x1234, flags: [.request, .ack], sequence: 7) { message in
            message.header(genlmsghdr(cmd: 1, version: 2, reserved: 0))
            message.nest(1) { nest in
                nest.put(2, 0xAB as UInt8)
                nest.nest(3, flagged: true) { $0.put(4, "ab") }
            }
            message.put(5, IPAddress("10.1.0.11")!, width: 16)
        }
        let expected = [
            // length, type, flags, sequence, port
            "40000000", "3412", "0500", "07000000", "00000000",
            // generic netlink: command, version, reserved
            "01", "02", "0000",
            // nest 1 of 24 bytes: attribute 2 of 1 byte, padded; flagged nest 3 with a string and its NUL
            "1800", "0100", "0500", "0200", "ab", "000000", "0c00", "0380", "0700", "0400", "616200", "00",
            // an IPv4 address in the 16 bytes of union nf_inet_addr
            "1400", "0500", "0a01000b", "000000000000000000000000",
        ]
        #expect(hex(buffer.bytes) == expected.joined())
    }

    @Test("the buffer grows and keeps what it holds")
    func growth() {
        var buffer = MessageBuffer(capacity: 0)
        for sequence in 1...1000 as ClosedRange<UInt32> {
            buffer.message(type: 1, flags: .request, sequence: sequence) { $0.put(1, sequence) }
        }
        var sequences: [UInt32] = []
        MessageView.forEach(in: buffer.bytes) { message in
            sequences.append(message.header.nlmsg_seq)
            #expect(message.attributes(behind: 0).first { _ in true }?.number(UInt32.self) == message.header.nlmsg_seq)
        }
        #expect(sequences == Array(1...1000))
    }

    @Test("a cut message ends the reading", arguments: 0..<40)
    func cut(length: Int) {
        var buffer = MessageBuffer()
        buffer.message(type: 1, flags: .request, sequence: 1) { $0.put(1, 7 as UInt32) }
        buffer.message(type: 1, flags: .request, sequence: 2) { $0.put(1, 7 as UInt64) }
        var count = 0
        MessageView.forEach(in: .init(rebasing: buffer.bytes[..<length])) { _ in count += 1 }
        #expect(count == (length < 24 ? 0 : 1))
    }

    @Test("an error carries the kernel's words and the place of the refused attribute", arguments: [true, false])
    func extendedAcknowledgement(capped: Bool) throws {
        var buffer = MessageBuffer()
        let flags: MessageFlags = capped ? [.capped, .extendedAck] : .extendedAck
        buffer.message(type: UInt16(NLMSG_ERROR), flags: flags, sequence: 9) { message in
            message.header(-22 as Int32)
            // The refused message: 16 bytes of header, 8 of payload unless capped
            message.header(nlmsghdr(nlmsg_len: 24, nlmsg_type: 1, nlmsg_flags: 0, nlmsg_seq: 9, nlmsg_pid: 0))
            if !capped { message.header(0x1122_3344_5566_7788 as UInt64) }
            message.put(UInt16(NLMSGERR_ATTR_MSG.rawValue), "not that one")
            message.put(UInt16(NLMSGERR_ATTR_OFFS.rawValue), 20 as UInt32)
        }
        let message = try #require(MessageView(in: buffer.bytes, at: 0))
        let answer = try #require(Acknowledgement(message))
        #expect(answer.sequence == 9)
        #expect(answer.number == 22)
        #expect(answer.reason == "not that one")
        #expect(answer.offset == 20)
    }
}
