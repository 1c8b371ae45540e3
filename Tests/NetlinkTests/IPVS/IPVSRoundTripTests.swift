import CNetlink
import NetworkTypes
import TestSupport
import Testing

@testable import Netlink

@Suite("IPVS messages, there and back")
struct IPVSRoundTripTests {
    private static let family = GenericNetlinkFamily(id: 32, version: 1)
    private static let genericHeader = MemoryLayout<genlmsghdr>.size

    private func attribute(_ type: UInt16, _ buffer: borrowing MessageBuffer) throws -> AttributeSequence {
        let message = try #require(MessageView(in: buffer.bytes, at: 0))
        #expect(Int(message.header.nlmsg_len) == buffer.count)
        let found = message.attributes(behind: Self.genericHeader).first { $0.type == type }
        return try #require(found).nested
    }

    @Test("a service decodes to what was encoded", arguments: 0..<500 as Range<UInt64>)
    func service(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let identity = IPVS.ServiceIdentity.random(using: &generator)
        let settings = IPVS.ServiceSettings.random(identity.family, using: &generator)
        var buffer = MessageBuffer()
        buffer.put(.addService(identity, settings), Self.family, flags: .request, sequence: 1)
        let entry = IPVS.ServiceEntry(try attribute(IPVS.CommandAttribute.service, buffer))
        #expect(entry?.service == IPVS.Service(identity, settings))
    }

    @Test("a destination decodes to what was encoded", arguments: 0..<500 as Range<UInt64>)
    func destination(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let service = IPVS.ServiceIdentity.random(using: &generator)
        // A tunnel's real server may be of the other family than its service
        let family = AddressFamily.allCases.randomElement(using: &generator)!
        let destination = IPVS.Destination.random(family, using: &generator)
        var buffer = MessageBuffer()
        buffer.put(
            .setDestination(destination.identity, destination.settings, of: service), Self.family, flags: .request,
            sequence: 1)
        let attributes = try attribute(IPVS.CommandAttribute.destination, buffer)
        let entry = IPVS.DestinationEntry(attributes, family: service.family)
        #expect(entry?.destination == destination)
    }

    @Test("a sync daemon decodes to what was encoded")
    func daemon() throws {
        for group in [nil, IPAddress("224.0.0.82"), IPAddress("ff02::81")] {
            let daemon = IPVS.SyncDaemon(
                role: .backup, interface: "eth0", syncID: 255, maximumLength: 1400, group: group, port: 8849, ttl: 3)
            var buffer = MessageBuffer()
            buffer.ipvs(Self.family, IPVS.CommandNumber.newDaemon, flags: .request, sequence: 1) { $0.put(daemon) }
            #expect(IPVS.SyncDaemon(try attribute(IPVS.CommandAttribute.daemon, buffer)) == daemon)
        }
    }

    @Test("64-bit counters win over the 32-bit ones beside them, in either order", arguments: [true, false])
    func counters(wideFirst: Bool) {
        var buffer = MessageBuffer()
        func put(wide: Bool) {
            if wide {
                buffer.nest(IPVS.ServiceAttribute.statistics) {
                    $0.put(IPVS.StatisticsAttribute.connections, 1 << 40 as UInt64)
                    $0.put(IPVS.StatisticsAttribute.outgoingByteRate, 7 as UInt64)
                }
            } else {
                buffer.nest(IPVS.ServiceAttribute.statistics32) {
                    $0.put(IPVS.StatisticsAttribute.connections, 1 as UInt32)
                }
            }
        }
        buffer.put(IPVS.ServiceAttribute.family, 2 as UInt16)
        buffer.put(IPVS.ServiceAttribute.mark, 257 as UInt32)
        put(wide: wideFirst)
        put(wide: !wideFirst)
        let entry = IPVS.ServiceEntry(AttributeSequence(bytes: buffer.bytes))
        #expect(entry?.statistics.traffic.connections == 1 << 40)
        #expect(entry?.statistics.traffic.outgoingByteRate == 7)
    }

    @Test("a service of a protocol we do not know is passed over")
    func unknownProtocol() {
        var buffer = MessageBuffer()
        buffer.put(IPVS.ServiceAttribute.family, 2 as UInt16)
        buffer.put(IPVS.ServiceAttribute.transport, 50 as UInt16)
        buffer.put(IPVS.ServiceAttribute.address, IPAddress("198.51.100.1")!, width: 16)
        #expect(IPVS.ServiceEntry(AttributeSequence(bytes: buffer.bytes)) == nil)
    }

    @Test("any bytes decode without a crash", arguments: 0..<200 as Range<UInt64>)
    func garbage(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytes = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
            UInt8.random(in: 0...20, using: &generator)
        }
        bytes.withUnsafeBytes { bytes in
            _ = IPVS.ServiceEntry(AttributeSequence(bytes: bytes))
            _ = IPVS.DestinationEntry(AttributeSequence(bytes: bytes), family: .ipv6)
            _ = IPVS.SyncDaemon(AttributeSequence(bytes: bytes))
            _ = Nftables.FoundElement(AttributeSequence(bytes: bytes))
            MessageView.forEach(in: bytes) { message in
                _ = Acknowledgement(message)
                _ = Route.Link(message)
                _ = Route.InterfaceAddress(message)
                _ = Nftables.Event(message)
            }
        }
    }
}
