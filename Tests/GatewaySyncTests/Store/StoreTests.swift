import Foundation
import GatewaySync
import Netlink
import NetworkTypes
import ServicesExport
import Testing

@Suite struct StoreTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test("the state reads back as it was written")
    func state() throws {
        let address = IPAddress("198.51.100.37")!
        let ports = PortRange(20000, 29999)!
        let state = StoredState(
            export: ExportDigest(of: [2]), applied: ExportDigest(of: [1]), appliedAt: 7,
            addresses: [address, IPAddress("2001:db8::36")!],
            drains: Drains(services: [
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
            ]),
            leaving: [.web: 60, .mark(300, .ipv6): 0])
        let store = try StateDirectory(directory.path + "/a/b")
        #expect(try StateDirectory.loadState(of: store.path) == nil)
        try store.save(state)
        #expect(try StateDirectory.loadState(of: store.path) == state)
    }

    @Test("a state file that is none is an error with its path, not an empty state")
    func damagedState() throws {
        let path = try directory.write("state.json", "{\"version\": 1")
        let error = #expect(throws: FileError.self) { try StateDirectory.loadState(of: directory.path) }
        #expect(error?.description.hasPrefix("read \(path): ") == true)
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
        let (state, problem) = store.recoverState()
        #expect(state == StoredState(export: ExportDigest(of: [2])))
        #expect(problem?.hasPrefix("read \(path): ") == true)
        let aside = try #require(directory.names.first { $0.hasPrefix("state.json.unreadable-") })
        #expect(try String(contentsOfFile: "\(directory.path)/\(aside)", encoding: .utf8) == content)
        #expect(!directory.names.contains("state.json"))
        if content.hasPrefix("{\"version\": 2") { #expect(problem?.contains("version 2") == true) }
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
