import Foundation
import GatewayDaemon
import GatewaySync
import Netlink
import NetworkTypes
import ServiceSupport
import ServicesExport
import Testing

@Suite struct StoreTests {
    private let directory: TemporaryDirectory
    private let clock = TestClock()

    init() throws { directory = try TemporaryDirectory() }

    @Test("the state reads back as it was written")
    func state() throws {
        let address = IPAddress("198.51.100.37")!
        let ports = PortRange(20000, 29999)!
        let state = StoredState(
            export: ExportDigest(of: [2]), applied: ExportDigest(of: [1]), appliedAt: 7,
            addresses: [address, IPAddress("2001:db8::36")!],
            drains: Drains(
                services: [
                    .mark: Drains.Service(
                        deadlines: [IPVS.DestinationIdentity(address: IPAddress("10.1.0.11")!, port: 0): 99],
                        kept: [
                            .address(address), .port(address, .udp, 53), .range(address, .tcp, ports),
                            .source(address, .tcp, ports, AddressPrefix("203.0.113.0/24")!),
                            .mark(address, .sctp, ports, 257),
                            .dnat(address, .tcp, 80, to: IPAddress("10.1.0.12")!, port: 8080),
                        ]),
                    .address(IPAddress("2001:db8::36")!, .tcp, port: 80): Drains.Service(
                        deadlines: [IPVS.DestinationIdentity(address: IPAddress("fd00::11")!, port: 8080): 100]),
                ],
                translations: [
                    Conntrack.Destination(address, .tcp, port: 22): [
                        IPVS.DestinationIdentity(address: IPAddress("10.1.0.11")!, port: 22): 101
                    ]
                ]),
            leaving: [.web: 60, .mark(300, .ipv6): 0],
            untranslated: [Conntrack.Destination(IPAddress("2001:db8::36")!, .udp, port: 514)])
        let store = try StateDirectory(directory.path + "/a/b")
        #expect(try StateDirectory.loadState(of: store.path, at: clock.read()) == nil)
        try store.save(state, at: clock.read())
        #expect(try StateDirectory.loadState(of: store.path, at: clock.read()) == state)
    }

    private static let server = IPVS.DestinationIdentity(address: IPAddress("10.1.0.11")!, port: 8080)

    /// A state of one server whose drain ends at a moment of the boot clock.
    private func draining(until deadline: Int) -> StoredState {
        StoredState(drains: Drains(services: [.web: Drains.Service(deadlines: [Self.server: deadline])]))
    }

    private func reload(_ state: StoredState, _ store: StateDirectory) throws -> Int? {
        try store.save(state, at: clock.read())
        return try StateDirectory.loadState(of: store.path, at: clock.read())?.drains.services[.web]?
            .deadlines[Self.server]
    }

    @Test("a wall clock that is set between two runs of the daemon moves no deadline", arguments: [3_600, -7_200])
    func setClock(seconds: Int) throws {
        let store = try StateDirectory(directory.path)
        try store.save(draining(until: 1_600), at: clock.read())
        clock.setWall(forwardBy: seconds)
        clock.advance(by: 10)
        let state = try #require(try StateDirectory.loadState(of: store.path, at: clock.read()))
        #expect(state.drains.services[.web]?.deadlines == [Self.server: 1_600])
    }

    @Test("after a boot the wall clock says how long a drain has left, and never more than it had")
    func reboot() throws {
        let store = try StateDirectory(directory.path)
        try store.save(draining(until: 1_600), at: clock.read())
        clock.reboot(after: 100)
        #expect(
            try StateDirectory.loadState(of: store.path, at: clock.read())?.drains.services[.web]?.deadlines
                == [Self.server: 20 + 500])
        clock.setWall(forwardBy: -5_000)
        #expect(
            try StateDirectory.loadState(of: store.path, at: clock.read())?.drains.services[.web]?.deadlines
                == [Self.server: 20 + 600])
    }

    @Test(
        "what is out of its range in the state file, or of two families, is an error",
        arguments: [
            "\"appliedAt\": 9223372036854775807", "\"appliedAt\": -1",
            "\"leaving\": [{\"drainTime\": 9223372036854775807, \"service\": {\"mark\": 257, \"family\": 2}}]",
            "\"leaving\": [{\"drainTime\": -1, \"service\": {\"mark\": 257, \"family\": 2}}]",
            "\"leaving\": [{\"drainTime\": 1e30, \"service\": {\"mark\": 257, \"family\": 2}}]",
            "\"clock\": {\"bootID\": \"first\", \"boot\": -9223372036854775808, \"wall\": 9223372036854775807}",
            """
            "drains": [{"service": {"mark": 257, "family": 2}, "kept": [],
                "servers": [{"address": "10.1.0.11", "port": 0, "until": 9223372036854775807}]}]
            """,
            """
            "drains": [{"service": {"mark": 257, "family": 2}, "kept": [],
                "servers": [{"address": "10.1.0.11", "port": 65536, "until": 1}]}]
            """,
            """
            "translations": [{"service": {"address": "198.51.100.36", "transport": "tcp", "port": 22},
                "servers": [{"address": "10.1.0.11", "port": 22, "until": 9223372036854775807}]}]
            """,
            """
            "drains": [{"service": {"mark": 257, "family": 2}, "servers": [], "kept": [{"kind": "dnat",
                "address": "198.51.100.36", "transport": "tcp", "ports": "80", "to": "fd00::1", "toPort": 80}]}]
            """,
            """
            "drains": [{"service": {"mark": 257, "family": 2}, "servers": [], "kept": [{"kind": "sources",
                "address": "198.51.100.36", "transport": "tcp", "ports": "80", "source": "2001:db8::/32"}]}]
            """,
            "\"translations\": [{\"service\": {\"mark\": 257, \"family\": 2}, \"servers\": []}]",
            "\"untranslated\": [{\"mark\": 257, \"family\": 2}]",
        ])
    func outOfRange(member: String) throws {
        var members = ["\"version\": 1", "\"addresses\": []", "\"drains\": []", "\"leaving\": []"]
        members.removeAll { $0.prefix(9) == member.prefix(9) }
        let text = "{" + (members + [member]).joined(separator: ", ") + "}"
        #expect(throws: (any Error).self) { try StoredState(json: Array(text.utf8), at: clock.read()) }
    }

    @Test("a deadline that is further away than any drain may take is taken for the longest there is")
    func distant() throws {
        let store = try StateDirectory(directory.path)
        #expect(try reload(draining(until: 1 << 39), store) == 1_000 + ServicesCSV.maximumDrainTime)
    }

    @Test("a state file of a version that knew no drains of destination NAT is read")
    func earlier() throws {
        let text = #"{"version": 1, "addresses": [], "drains": [], "leaving": [], "export": "00"}"#
        #expect(try StoredState(json: Array(text.utf8), at: clock.read()) == StoredState())
    }

    @Test("a state file that is none is an error with its path, not an empty state")
    func damagedState() throws {
        let path = try directory.write("state.json", "{\"version\": 1")
        let error = #expect(throws: FileError.self) {
            try StateDirectory.loadState(of: directory.path, at: clock.read())
        }
        #expect(error?.description.hasPrefix("read \(path): ") == true)
    }

    @Test(
        "what is wrong with a file of JSON is said in plain words, with the place",
        arguments: [
            ("{\"version\": 1", "it is not JSON, or not all of it is there"), ("[]", "it is not an object"),
            ("{}", "version is missing"), ("{\"version\": \"1\"}", "version is not a number"),
            ("{\"version\": null}", "version is null, not a number"),
            ("{\"version\": 1, \"addresses\": 7}", "addresses is not a list"),
            ("{\"version\": 1, \"addresses\": [\"10.1.0.300\"]}", "addresses[0] is out of range, or no such value"),
            (
                "{\"version\": 1, \"addresses\": [], \"drains\": [{\"service\": {\"port\": \"x\"}}]}",
                "drains[0].service.port is not a number"
            ),
        ])
    func wordsOfDamage(content: String, words: String) throws {
        let path = try directory.write("state.json", content)
        let error = #expect(throws: FileError.self) {
            try StateDirectory.loadState(of: directory.path, at: clock.read())
        }
        #expect(error?.description == "read \(path): \(words)")
        let status = try directory.write("status.json", "{\"name\": 1}")
        let other = #expect(throws: FileError.self) {
            try GatewayStatus.load(runDirectory: directory.path, at: clock.read())
        }
        #expect(other?.description == "read \(status): name is not text")
    }

    @Test(
        "a state file that cannot be read is set aside, and the newest export that is whole stands in",
        arguments: ["", "{\"version\": 1", "{\"version\": 2, \"more\": []}", "\u{0}\u{1}"])
    func recovered(content: String) throws {
        let store = try StateDirectory(directory.path)
        let old = ExportDigest(of: [1])
        try store.saveExport([1], old)
        // The clock of file times may not have ticked between the two.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1)],
            ofItemAtPath: "\(directory.path)/services-\(old.hex).csv")
        try store.saveExport([2], ExportDigest(of: [2]))
        _ = try directory.write("services-\(ExportDigest(of: [3]).hex).csv", "rubbish")
        let path = try directory.write("state.json", content)
        let (state, problem) = store.recoverState(at: clock.read())
        #expect(state == StoredState(export: ExportDigest(of: [2])))
        #expect(problem?.hasPrefix("read \(path): ") == true)
        let aside = try #require(directory.names.first { $0.hasPrefix("state.json.unreadable-") })
        #expect(try String(contentsOfFile: "\(directory.path)/\(aside)", encoding: .utf8) == content)
        #expect(!directory.names.contains("state.json"))
        if content.hasPrefix("{\"version\": 2") { #expect(problem?.contains("version 2") == true) }
    }

    @Test("a FIFO in the place of a file is refused, and named: nobody waits for its writer")
    func fifos() throws {
        let store = try StateDirectory(directory.path)
        for name in ["state.json", "status.json", "role", "decision.json", "gateway.yaml", "lock"] {
            #expect(mkfifo("\(directory.path)/\(name)", 0o600) == 0)
        }
        func expect(_ name: String, _ action: String = "read", _ body: () throws -> Void) {
            #expect { try body() } throws: {
                "\($0)" == "\(action) \(directory.path)/\(name): is a FIFO, not a regular file"
            }
        }
        expect("status.json") { _ = try GatewayStatus.load(runDirectory: directory.path, at: clock.read()) }
        expect("role") { _ = try RoleFile(runDirectory: directory.path).load() }
        expect("gateway.yaml") { _ = try SettingsFile.find("\(directory.path)/gateway.yaml", else: "") }
        expect("lock", "lock") { _ = try StateLock("\(directory.path)/lock", purpose: "test") }
        #expect(StateLock.holder(of: "\(directory.path)/lock") == nil)
        // What is no state is set aside, and a new one has its place.
        let (_, problem) = store.recoverState(at: clock.read())
        #expect(problem?.contains("is a FIFO, not a regular file") == true)
        try store.save(StoredState(), at: clock.read())
        #expect(try StateDirectory.loadState(of: directory.path, at: clock.read()) != nil)
    }

    @Test("exports are found by their digest, and only whole ones")
    func exports() throws {
        let store = try StateDirectory(directory.path)
        let (first, second) = (ExportDigest(of: [1]), ExportDigest(of: [2]))
        try store.saveExport([1], first)
        try store.saveExport([2], second)
        #expect(try store.loadExport(first) == [1])
        store.removeExports(but: second)
        #expect(directory.names == ["services-\(second.hex).csv"])
        #expect(try store.loadExport(first) == nil)
        _ = try directory.write("services-\(first.hex).csv", "rubbish")
        #expect(try store.loadExport(first) == nil)
    }

    @Test("a lock has one holder, and names it to whoever else asks")
    func lock() throws {
        let path = directory.path + "/lock"
        var lock: StateLock? = try StateLock(path, purpose: "run")
        let error = #expect(throws: FileError.self) { try StateLock(path, purpose: "sync") }
        #expect(error?.description == "lock \(path): held by portcullis-gateway run, process \(getpid())")
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try StateLock(path, purpose: "sync")
    }
}
