import CNetlink
import NetworkTypes
import Testing

@testable import Netlink

/// Our bytes beside those of conntrack(8) (`fixtures/wire/conntrack.hex`).
@Suite("conntrack messages as conntrack sends them")
struct ConntrackWireTests {
    private static let fixture = WireFixture("conntrack.hex")
    private static let flow = Conntrack.Flow(
        from: IPAddress("203.0.113.10")!, port: 4711, to: .init(IPAddress("198.51.100.36")!, .udp, port: 514),
        server: IPAddress("10.1.0.31")!, serverPort: 5514, isTranslated: true, id: 0x0102_0304)
    private static let flow6 = Conntrack.Flow(
        from: IPAddress("2001:db8:1::10")!, port: 4715, to: .init(IPAddress("2001:db8::36")!, .tcp, port: 53),
        server: IPAddress("fd00::11")!, serverPort: 53, isTranslated: true, id: 0x0102_0304)

    /// What conntrack tells of the flow beyond its original direction: the kernel finds it by that, and by its id (12),
    /// which conntrack leaves out.
    private static let beyond = Set([2, 3, 4, 7, 8, 12, 24].map { [UInt16($0)] })

    @Test("a family's flows are asked for with the same bytes", arguments: AddressFamily.allCases)
    func list(family: AddressFamily) throws {
        var buffer = MessageBuffer()
        buffer.flows(family, sequence: 1)
        let theirs = try Self.fixture.datagram("conntrack -L -f \(family == .ipv4 ? "ipv4" : "ipv6")")
        #expect(
            WireMessage.all(in: buffer.bytes)
                == theirs.withUnsafeBytes { WireMessage.all(in: $0) })
    }

    @Test("a flow is deleted by the same original direction", arguments: [flow, flow6])
    func delete(flow: Conntrack.Flow) throws {
        var buffer = MessageBuffer()
        buffer.delete(flow, acknowledged: true, sequence: 1)
        let name = "conntrack -D -p \(flow.destination.transport) -s \(flow.source)"
        let theirs = try Self.fixture.datagram(name)
        #expect(
            WireMessage.all(in: buffer.bytes).map { $0.leavingOut(Self.beyond) }
                == theirs.withUnsafeBytes { WireMessage.all(in: $0) }.map { $0.leavingOut(Self.beyond) })
    }

    @Test("a flow is named by its id as well, and by its zone where that is not the first")
    func identity() {
        var flow = Self.flow
        flow.zone = 7
        for (flow, expected) in [(Self.flow, [1, 12]), (flow, [1, 18, 12])] as [(Conntrack.Flow, [UInt16])] {
            var buffer = MessageBuffer()
            buffer.delete(flow, acknowledged: false, sequence: 1)
            let message = WireMessage.all(in: buffer.bytes)[0]
            #expect(message.attributes.map(\.type) == expected)
            #expect(message.attributes.last?.payload == .bytes([1, 2, 3, 4]))
        }
    }

    /// The filter is younger than conntrack 1.4.7: by the kernel's own words (`ctnetlink_parse_filter`).
    @Test("a destination is filtered by address, protocol and port")
    func filter() {
        var buffer = MessageBuffer()
        buffer.flows(to: Self.flow.destination, sequence: 1)
        #expect(
            WireMessage.all(in: buffer.bytes).map(\.description) == [
                """
                101 769 02000000
                  1
                    1
                      2 c6336424
                    2
                      1 11
                      3 0202
                  25
                    1 2a000000
                    2 00000000
                """
            ])
    }

    @Test("what is cut short, or is no flow, is none")
    func damaged() {
        var buffer = MessageBuffer()
        buffer.delete(Self.flow, acknowledged: true, sequence: 1)
        var bytes = [UInt8](buffer.bytes)
        bytes[4] = UInt8(IPCTNL_MSG_CT_NEW.rawValue)
        for length in 0...bytes.count {
            var part = Array(bytes[..<length])
            if length >= 4 { part.withUnsafeMutableBytes { $0.storeBytes(of: UInt32(length), as: UInt32.self) } }
            part.withUnsafeBytes { bytes in
                // It has no reply direction.
                MessageView.forEach(in: bytes) { #expect(Conntrack.Flow($0) == nil) }
            }
        }
    }
}
