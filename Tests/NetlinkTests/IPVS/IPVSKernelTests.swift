import Foundation
import Netlink
import NetworkTypes
import SystemPackage
import Testing

/// IPVS of the lab machine's kernel, in a network namespace of each test's own; `ipvsadm` is the witness.
///
/// Most machines' kernels have no IPVS, so `make test` runs this suite in the lab:
///
///     PORTCULLIS_LAB=1 Tests/Lab/lab run -- \
///         .build/debug/portcullisPackageTests.xctest --testing-library swift-testing --filter IPVSKernel
@Suite(
    "IPVSKernel: IPVS on a real kernel", .serialized,
    .enabled(if: ProcessInfo.processInfo.environment["PORTCULLIS_LAB"] == "1"))
struct IPVSKernelTests {
    typealias Command = IPVS.Command

    private static func address(_ text: String) -> IPAddress { IPAddress(text)! }

    private static let web = IPVS.ServiceIdentity.address(address("198.51.100.36"), .tcp, port: 80)
    private static let dns = IPVS.ServiceIdentity.address(address("198.51.100.37"), .udp, port: 53)
    private static let web6 = IPVS.ServiceIdentity.address(address("2001:db8::36"), .tcp, port: 80)
    private static let mark = IPVS.ServiceIdentity.mark(257, .ipv4)
    private static let mark6 = IPVS.ServiceIdentity.mark(257, .ipv6)

    private static func server(_ text: String, _ port: UInt16 = 0) -> IPVS.DestinationIdentity {
        .init(address: address(text), port: port)
    }

    private func inNamespace<Value: Sendable>(
        _ body: @escaping @Sendable (IPVS.Connection) throws -> Value
    ) async throws -> Value {
        try await NetworkNamespace.run {
            try NetworkNamespace.shell("modprobe --all ip_vs ip_vs_rr ip_vs_wlc ip_vs_sh ip_vs_mh; ip link set lo up")
            return try body(IPVS.Connection())
        }
    }

    /// Services and real servers of every kind.
    private static let commands: [Command] = [
        .addService(web, .init(scheduler: "wlc")),
        .addService(dns, .init(scheduler: "rr", flags: .onePacket)),
        .addService(web6, .init(scheduler: "sh", persistence: 60, persistenceBits: 64)),
        .addService(
            mark, .init(scheduler: "mh", flags: [.scheduler1, .scheduler2], persistence: 300, persistenceBits: 24)),
        .addService(mark6, .init(scheduler: "mh")),
        .addDestination(server("10.1.0.11", 8080), .init(weight: 100), to: web),
        .addDestination(
            server("10.1.0.12", 80), .init(method: .direct, weight: 0, upperThreshold: 1000, lowerThreshold: 500),
            to: web),
        .addDestination(server("10.1.0.13", 80), .init(method: .tunnel, weight: 65535), to: web),
        .addDestination(
            server("10.1.0.14", 80), .init(method: .tunnel, weight: 7, tunnel: .init(kind: .gue, port: 6080)), to: web),
        // A tunnel may cross families
        .addDestination(server("fd00::15", 80), .init(method: .tunnel, weight: 7), to: web),
        .addDestination(server("fd00::11", 8080), .init(weight: 100), to: web6),
        .addDestination(server("10.1.0.11"), .init(weight: 100), to: mark),
        .addDestination(server("10.1.0.12"), .init(weight: 100), to: mark),
        .addDestination(server("fd00::11"), .init(weight: 100), to: mark6),
    ]

    /// ipvsadm prints no thresholds, and an address without a port with port 0.
    private static let listing = """
        -A -t 198.51.100.36:80 -s wlc
        -a -t 198.51.100.36:80 -r 10.1.0.11:8080 -m -w 100
        -a -t 198.51.100.36:80 -r 10.1.0.12:80 -g -w 0
        -a -t 198.51.100.36:80 -r 10.1.0.13:80 -i -w 65535 --tun-type ipip
        -a -t 198.51.100.36:80 -r 10.1.0.14:80 -i -w 7 --tun-type gue --tun-port 6080 --tun-nocsum
        -a -t 198.51.100.36:80 -r [fd00::15]:80 -i -w 7 --tun-type ipip
        -A -t [2001:db8::36]:80 -s sh -p 60 -M 64
        -a -t [2001:db8::36]:80 -r [fd00::11]:8080 -m -w 100
        -A -u 198.51.100.37:53 -s rr -o
        -A -f 257 -s mh -p 300 -M 255.255.255.0 -b mh-fallback,mh-port
        -a -f 257 -r 10.1.0.11:0 -m -w 100
        -a -f 257 -r 10.1.0.12:0 -m -w 100
        -A -f 257 -6 -s mh
        -a -f 257 -6 -r [fd00::11]:0 -m -w 100
        """

    @Test("ipvsadm lists what was applied")
    func ipvsadmAgrees() async throws {
        let listing = try await inNamespace { ipvs in
            let report = try ipvs.apply(Self.commands)
            #expect(report.isClean, "\(report.failures)")
            #expect(report.sent == Self.commands.count)
            return try NetworkNamespace.shell("ipvsadm -Sn")
        }
        #expect(Self.lines(listing) == Self.lines(Self.listing))
    }

    /// ipvsadm writes options in an order, and with spaces, of its own.
    private static func lines(_ text: String) -> Set<[String]> {
        Set(text.split(separator: "\n").map { $0.split(separator: " ").map(String.init).sorted() })
    }

    @Test("services and destinations read back as they were set")
    func readBack() async throws {
        let found = try await inNamespace { ipvs in
            _ = try ipvs.apply(Self.commands)
            var found: [IPVS.Service: Set<IPVS.Destination>] = [:]
            for entry in try ipvs.services().collect() {
                let destinations = try ipvs.destinations(of: entry.service.identity).collect()
                found[entry.service] = Set(destinations.map(\.destination))
            }
            return found
        }
        var expected: [IPVS.Service: Set<IPVS.Destination>] = [:]
        for case .addService(let identity, let settings) in Self.commands {
            expected[.init(identity, settings)] = Set(
                Self.commands.compactMap {
                    guard case .addDestination(let destination, let settings, identity) = $0 else { return nil }
                    return .init(destination, settings)
                })
        }
        #expect(found == expected)
    }

    @Test("services and destinations are changed and deleted")
    func changes() async throws {
        try await inNamespace { ipvs in
            _ = try ipvs.apply(Self.commands)
            let report = try ipvs.apply([
                .setService(Self.web, .init(scheduler: "rr", persistence: 30)),
                .setDestination(Self.server("10.1.0.11", 8080), .init(weight: 0), of: Self.web),
                .deleteDestination(Self.server("10.1.0.12", 80), of: Self.web),
                .deleteDestination(Self.server("fd00::15", 80), of: Self.web),
                .deleteService(Self.mark),
            ])
            #expect(report.isClean, "\(report.failures)")
            #expect(try ipvs.service(Self.web)?.service.settings == .init(scheduler: "rr", persistence: 30))
            #expect(try ipvs.service(Self.mark) == nil)
            #expect(try ipvs.service(Self.mark6) != nil)
            let destinations = try ipvs.destinations(of: Self.web).collect().map(\.destination)
            #expect(destinations.count == 3)
            #expect(destinations.contains(.init(Self.server("10.1.0.11", 8080), .init(weight: 0))))
            let none = try ipvs.destinations(of: Self.mark).collect()
            #expect(none.isEmpty)
        }
    }

    @Test("a refused command is reported in words and does not stop the others")
    func refusals() async throws {
        try await inNamespace { ipvs in
            let report = try ipvs.apply([
                .addService(Self.dns, .init(scheduler: "nosuch")),
                .addService(Self.web, .init()),
                .addService(Self.web, .init()),
                .addDestination(Self.server("10.1.0.11", 8080), .init(), to: Self.web),
                .addDestination(Self.server("10.1.0.11", 8080), .init(), to: Self.web),
                .setDestination(Self.server("10.1.0.12", 8080), .init(), of: Self.web),
                .deleteDestination(Self.server("10.1.0.12", 8080), of: Self.web),
                .deleteService(Self.mark),
                .addDestination(Self.server("10.1.0.11"), .init(), to: Self.mark),
            ])
            #expect(!report.mustReadBack)
            #expect(
                report.failures.map { "\($0.index) \($0.error)" } == [
                    #"0 add service 198.51.100.37:53/udp: scheduler "nosuch" is not available (ENOENT)"#,
                    "2 add service 198.51.100.36:80/tcp: the service is there already (EEXIST)",
                    "4 add destination 10.1.0.11:8080 to 198.51.100.36:80/tcp: the destination is there already (EEXIST)",
                    "5 change destination 10.1.0.12:8080 of 198.51.100.36:80/tcp: the service has no such destination (ENOENT)",
                    "6 delete destination 10.1.0.12:8080 of 198.51.100.36:80/tcp: the service has no such destination (ENOENT)",
                    "7 delete service mark 257 (IPv4): no such service (ESRCH)",
                    "8 add destination 10.1.0.11:0 to mark 257 (IPv4): no such service (ESRCH)",
                ])
            #expect(try ipvs.destinations(of: Self.web).collect().count == 1)
        }
    }

    @Test("an empty table is an empty list")
    func empty() async throws {
        let entries = try await inNamespace { try $0.services().collect() }
        #expect(entries.isEmpty)
    }

    @Test("300 services with 10 destinations go in batches and come back")
    func many() async throws {
        let commands = (0..<300).flatMap { index -> [Command] in
            let service = IPVS.ServiceIdentity.address(
                IPAddress(ipv4: 0xC612_0000 + UInt32(index / 100)), .tcp, port: UInt16(index % 100 + 1))
            return [.addService(service, .init())]
                + (0..<10).map {
                    .addDestination(
                        .init(address: IPAddress(ipv4: 0x0A01_0000 + UInt32(index * 10 + $0)), port: 8080),
                        .init(weight: 100), to: service)
                }
        }
        let (count, destinations) = try await inNamespace { ipvs in
            #expect(try ipvs.apply(commands).isClean)
            let services = try ipvs.services().collect()
            let last = try #require(services.last)
            return (services.count, try ipvs.destinations(of: last.service.identity).collect().count)
        }
        #expect(count == 300)
        #expect(destinations == 10)
    }

    @Test("every refusal of a batch of refusals is reported, or that some were lost")
    func manyRefusals() async throws {
        let report = try await inNamespace { ipvs in
            try ipvs.apply((1...5000).map { .deleteService(.mark($0, .ipv4)) })
        }
        #expect(report.mustReadBack || report.failures.map(\.index) == Array(0..<5000))
    }

    @Test("traffic is counted on the service and its destination")
    func statistics() async throws {
        let (service, destination) = try await inNamespace { ipvs in
            try NetworkNamespace.shell("ip address add 198.51.100.36/32 dev lo")
            let local = Self.server("127.0.0.1", 8080)
            _ = try ipvs.apply([.addService(Self.web, .init()), .addDestination(local, .init(), to: Self.web)])
            // Refused by the real server, but counted
            _ = try? NetworkNamespace.shell("timeout 5 bash -c '</dev/tcp/198.51.100.36/80'")
            // The kernel's estimator brings the counters up to date every two seconds
            let deadline = ContinuousClock.now + .seconds(60)
            func isCounted() throws -> Bool {
                let service = try ipvs.service(Self.web)?.statistics
                let destination = try ipvs.destinations(of: Self.web).collect().first?.statistics
                return service?.traffic.connections == 1 && destination?.traffic.connections == 1
            }
            while try !isCounted(), .now < deadline { usleep(100_000) }
            return (
                try ipvs.service(Self.web)?.statistics, try ipvs.destinations(of: Self.web).collect().first?.statistics
            )
        }
        #expect(service?.traffic.connections == 1)
        #expect((service?.traffic.incomingPackets ?? 0) > 0)
        #expect((service?.traffic.incomingBytes ?? 0) >= 40)
        #expect(destination?.traffic.connections == 1)
        #expect((destination?.activeConnections ?? 0) + (destination?.inactiveConnections ?? 0) == 1)
    }

    @Test("timeouts are set one by one, and 0 leaves a value")
    func timeouts() async throws {
        try await inNamespace { ipvs in
            try ipvs.setTimeouts(.init(tcp: 1800, tcpFin: 60, udp: 30))
            try ipvs.setTimeouts(.init(tcp: 7200))
            #expect(try ipvs.timeouts() == .init(tcp: 7200, tcpFin: 60, udp: 30))
        }
    }

    @Test("sync daemons of both roles run side by side")
    func syncDaemons() async throws {
        try await inNamespace { ipvs in
            #expect(try ipvs.syncDaemons().isEmpty)
            try ipvs.startSyncDaemon(.init(role: .master, interface: "lo", syncID: 7))
            try ipvs.startSyncDaemon(
                .init(
                    role: .backup, interface: "lo", syncID: 7, maximumLength: 1400, group: Self.address("224.0.0.82"),
                    port: 8849, ttl: 2))
            let daemons = try ipvs.syncDaemons()
            #expect(Set(daemons.map(\.role)) == [.master, .backup])
            #expect(daemons.allSatisfy { $0.interface == "lo" && $0.syncID == 7 })
            #expect(daemons.first { $0.role == .backup }?.port == 8849)
            #expect(daemons.first { $0.role == .master }?.group == Self.address("224.0.0.81"))
            let again = try #require(throws: NetlinkError.self) {
                try ipvs.startSyncDaemon(.init(role: .master, interface: "lo", syncID: 7))
            }
            #expect(again.errno == .fileExists)
            try ipvs.stopSyncDaemon(.backup)
            #expect(try ipvs.syncDaemons().map(\.role) == [.master])
            try ipvs.stopSyncDaemon(.master)
            #expect(try ipvs.syncDaemons().isEmpty)
        }
    }

    @Test("the version and the size of the connection table are told")
    func information() async throws {
        let information = try await inNamespace { try $0.information() }
        #expect(information.version.split(separator: ".").count == 3)
        #expect(information.connectionTableSize >= 256)
    }
}
