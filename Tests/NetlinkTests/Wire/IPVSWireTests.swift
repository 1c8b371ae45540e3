import CNetlink
import NetworkTypes
import Testing

@testable import Netlink

/// Our bytes beside those of ipvsadm (`fixtures/wire/ipvsadm.hex`).
@Suite("IPVS messages as ipvsadm sends them")
struct IPVSWireTests {
    typealias Command = IPVS.Command

    private static let fixture = WireFixture("ipvsadm.hex")
    private static let family = GenericNetlinkFamily(id: 32, version: 1)

    private static func address(_ text: String) -> IPAddress { IPAddress(text)! }

    private static let web = IPVS.ServiceIdentity.address(address("198.51.100.36"), .tcp, port: 80)
    private static let web6 = IPVS.ServiceIdentity.address(address("2001:db8::36"), .tcp, port: 80)
    private static let mark = IPVS.ServiceIdentity.mark(257, .ipv4)
    private static let mark6 = IPVS.ServiceIdentity.mark(257, .ipv6)

    private static func server(_ text: String, _ port: UInt16) -> IPVS.DestinationIdentity {
        .init(address: address(text), port: port)
    }

    /// The whole message is the same.
    static let services: [(String, Command)] = [
        ("-A -t 198.51.100.36:80 -s wlc", .addService(web, .init(scheduler: "wlc"))),
        (
            "-A -u 198.51.100.37:53 -s rr -o",
            .addService(
                .address(address("198.51.100.37"), .udp, port: 53), .init(scheduler: "rr", flags: .onePacket))
        ),
        (
            "-A -t 198.51.100.38:443 -s mh -b mh-fallback,mh-port -p 300 -M 255.255.255.0",
            .addService(
                .address(address("198.51.100.38"), .tcp, port: 443),
                .init(scheduler: "mh", flags: [.scheduler1, .scheduler2], persistence: 300, persistenceBits: 24))
        ),
        ("-A -t [2001:db8::36]:80 -s wlc", .addService(web6, .init(scheduler: "wlc"))),
        (
            "-A -t [2001:db8::37]:443 -s sh -p 60 -M 64",
            .addService(
                .address(address("2001:db8::37"), .tcp, port: 443),
                .init(scheduler: "sh", persistence: 60, persistenceBits: 64))
        ),
        ("-A -f 257 -s mh -p 300", .addService(mark, .init(scheduler: "mh", persistence: 300))),
        ("-A -f 257 -6 -s rr", .addService(mark6, .init(scheduler: "rr"))),
        ("-E -t 198.51.100.36:80 -s wrr", .setService(web, .init(scheduler: "wrr"))),
    ]

    @Test("a service is added and changed with the same bytes", arguments: services)
    func service(arguments: String, command: Command) throws {
        try expectSame(arguments, command)
    }

    /// The same but for the service's settings, which the kernel does not read in a command on a
    /// destination: SCHED_NAME 6, FLAGS 7, TIMEOUT 8 and NETMASK 9 inside SERVICE 1.
    static let destinations: [(String, Command)] = [
        (
            "-a -t 198.51.100.36:80 -r 10.1.0.11:8080 -m -w 100",
            .addDestination(server("10.1.0.11", 8080), .init(weight: 100), to: web)
        ),
        (
            "-a -t 198.51.100.36:80 -r 10.1.0.12:80 -g -w 0 -x 1000 -y 500",
            .addDestination(
                server("10.1.0.12", 80),
                .init(method: .direct, weight: 0, upperThreshold: 1000, lowerThreshold: 500), to: web)
        ),
        (
            "-a -t 198.51.100.36:80 -r 10.1.0.13:80 -i -w 7",
            .addDestination(server("10.1.0.13", 80), .init(method: .tunnel, weight: 7), to: web)
        ),
        (
            "-a -t 198.51.100.36:80 -r 10.1.0.14:80 -i -w 7 --tun-type gue --tun-port 6080 --tun-nocsum",
            .addDestination(
                server("10.1.0.14", 80),
                .init(method: .tunnel, weight: 7, tunnel: .init(kind: .gue, port: 6080)), to: web)
        ),
        (
            "-a -t [2001:db8::36]:80 -r [fd00::11]:8080 -m -w 100",
            .addDestination(server("fd00::11", 8080), .init(weight: 100), to: web6)
        ),
        (
            "-a -f 257 -r 10.1.0.11 -m -w 100",
            .addDestination(server("10.1.0.11", 0), .init(weight: 100), to: mark)
        ),
        (
            "-a -f 257 -6 -r [fd00::11]:0 -m -w 100",
            .addDestination(server("fd00::11", 0), .init(weight: 100), to: mark6)
        ),
        (
            "-e -t 198.51.100.36:80 -r 10.1.0.11:8080 -m -w 0",
            .setDestination(server("10.1.0.11", 8080), .init(weight: 0), of: web)
        ),
    ]

    @Test("a destination is added and changed with the same bytes", arguments: destinations)
    func destination(arguments: String, command: Command) throws {
        try expectSame(arguments, command, leavingOut: Self.serviceSettings)
    }

    private static let serviceSettings: Set<[UInt16]> = [[1, 6], [1, 7], [1, 8], [1, 9]]
    private static let destinationSettings = Set((3...6).map { [UInt16(2), $0] } + (13...15).map { [UInt16(2), $0] })

    /// The same but for all settings: only what identifies the thing is read.
    static let deletions: [(String, Command)] = [
        ("-d -t 198.51.100.36:80 -r 10.1.0.12:80", .deleteDestination(server("10.1.0.12", 80), of: web)),
        ("-D -f 257", .deleteService(mark)),
        ("-D -t [2001:db8::37]:443", .deleteService(.address(address("2001:db8::37"), .tcp, port: 443))),
    ]

    @Test("a service and a destination are deleted by the same identity", arguments: deletions)
    func deletion(arguments: String, command: Command) throws {
        try expectSame(arguments, command, leavingOut: Self.serviceSettings.union(Self.destinationSettings))
    }

    @Test("a sync daemon is started with the same bytes")
    func daemon() throws {
        var master = MessageBuffer()
        master.ipvs(Self.family, IPVS.CommandNumber.newDaemon, flags: [.request, .ack], sequence: 1) {
            $0.put(IPVS.SyncDaemon(role: .master, interface: "lo", syncID: 7))
        }
        try expectSame("--start-daemon master --mcast-interface lo --syncid 7", master.bytes)

        var backup = MessageBuffer()
        backup.ipvs(Self.family, IPVS.CommandNumber.newDaemon, flags: [.request, .ack], sequence: 1) {
            $0.put(
                IPVS.SyncDaemon(
                    role: .backup, interface: "lo", syncID: 7, maximumLength: 1400,
                    group: Self.address("224.0.0.82"), port: 8849, ttl: 2))
        }
        try expectSame(
            "--start-daemon backup --mcast-interface lo --syncid 7 --sync-maxlen 1400 "
                + "--mcast-group 224.0.0.82 --mcast-port 8849 --mcast-ttl 2", backup.bytes)
    }

    @Test("timeouts are set with the same bytes")
    func timeouts() throws {
        var buffer = MessageBuffer()
        buffer.ipvs(Self.family, IPVS.CommandNumber.setConfig, flags: [.request, .ack], sequence: 1) {
            $0.put(IPVS.Timeouts(tcp: 900, tcpFin: 120, udp: 300))
        }
        try expectSame("--set 900 120 300", buffer.bytes)
    }

    private func expectSame(_ arguments: String, _ command: Command, leavingOut paths: Set<[UInt16]> = []) throws {
        var buffer = MessageBuffer()
        buffer.put(command, Self.family, flags: [.request, .ack], sequence: 1)
        try expectSame(arguments, buffer.bytes, leavingOut: paths)
    }

    private func expectSame(
        _ arguments: String, _ bytes: UnsafeRawBufferPointer, leavingOut paths: Set<[UInt16]> = []
    ) throws {
        let datagram = try Self.fixture.datagram("ipvsadm \(arguments)")
        let theirs = datagram.withUnsafeBytes { WireMessage.all(in: $0, hidingType: true) }.map {
            // The padding behind version carries libnl's leavings
            var message = $0.leavingOut(paths)
            message.header = [UInt8](message.header.prefix(2)) + [0, 0]
            return message
        }
        let ours = WireMessage.all(in: bytes, hidingType: true)
        #expect(ours == theirs)
    }
}
