import Foundation
import Netlink
import NetworkTypes
import SystemPackage
import TestSupport
import Testing

/// The kernel of this machine, in a network namespace of each test's own; `nft` is the witness.
@Suite("nftables on a real kernel")
struct NftablesKernelTests {
    @Test("nft lists the table that was committed as nft itself would have made it")
    func nftAgrees() async throws {
        let (ours, theirs) = try await NetworkNamespace.run {
            let connection = try Nftables.Connection()
            try connection.commit(GatewayTable.transaction)
            let ours = try NetworkNamespace.shell("nft list table inet portcullis")
            var delete = Nftables.Transaction(on: GatewayTable.table)
            delete.deleteTable()
            try connection.commit(delete)
            try NetworkNamespace.shell("nft -f -", input: try Fixtures.text("wire/gateway.nft"))
            return (ours, try NetworkNamespace.shell("nft list table inet portcullis"))
        }
        #expect(ours == theirs)
    }

    @Test("a table reads back as it was written")
    func readBack() async throws {
        let snapshot = try await NetworkNamespace.run {
            let connection = try Nftables.Connection()
            #expect(try connection.snapshot(of: GatewayTable.table) == nil)
            try connection.commit(GatewayTable.transaction)
            return try connection.snapshot(of: GatewayTable.table)
        }
        let found = try #require(snapshot)
        #expect(found.chains == GatewayTable.chains)
        #expect(found.rules.map(\.rule) == GatewayTable.rules)
        #expect(Set(found.sets) == Set(GatewayTable.sets))
        #expect(found.foreignSets.isEmpty)
        for (set, elements) in GatewayTable.elements {
            #expect(found.elements[set.name] == Set(elements), "\(set)")
        }
        #expect(found.counters == [Nftables.Counter(name: "dropped")])
    }

    /// The table with its first transaction committed, in a namespace of the test's own.
    private func inNamespace<Value: Sendable>(
        _ body: @escaping @Sendable (Nftables.Connection) throws -> Value
    ) async throws -> Value {
        try await NetworkNamespace.run {
            let connection = try Nftables.Connection()
            try connection.commit(GatewayTable.transaction)
            return try body(connection)
        }
    }

    /// What the body is refused with.
    private static func refusal(_ body: () throws -> Void) throws -> NetlinkError {
        try #require(throws: NetlinkError.self, performing: body)
    }

    @Test("elements are added and deleted in one transaction")
    func elements() async throws {
        let found = try await inNamespace { connection in
            let (old, new) = (
                Nftables.SetElement(.init(GatewayTable.address("198.51.100.36"), .tcp, 80)),
                Nftables.SetElement(.init(GatewayTable.address("198.51.100.36"), .tcp, 8080))
            )
            var transaction = Nftables.Transaction(on: GatewayTable.table)
            transaction.delete(elements: [old], from: GatewayTable.ports4)
            transaction.add(elements: [new], to: GatewayTable.ports4)
            transaction.delete(elements: GatewayTable.elements[4].1, from: GatewayTable.ranges4)
            try connection.commit(transaction)
            return try connection.snapshot(of: GatewayTable.table)?.elements
        }
        let ports = try #require(found?["ports4"])
        #expect(
            Set(ports.map { $0.text(in: GatewayTable.ports4) })
                == ["198.51.100.36 . tcp . 443", "198.51.100.36 . tcp . 8080"])
        #expect(found?["ranges4"] == [])
    }

    @Test("a transaction that fails changes nothing, and the error names the element")
    func failure() async throws {
        try await inNamespace { connection in
            let before = try connection.generation()
            var transaction = Nftables.Transaction(on: GatewayTable.table)
            transaction.add(
                elements: [.init(.init(GatewayTable.address("198.51.100.40"), .tcp, 80))], to: GatewayTable.ports4)
            transaction.delete(
                elements: [
                    .init(.init(GatewayTable.address("198.51.100.36"), .tcp, 80)),
                    .init(.init(GatewayTable.address("198.51.100.36"), .tcp, 81)),
                ], from: GatewayTable.ports4)
            let error = try Self.refusal { try connection.commit(transaction) }
            #expect(error.code == .refused)
            #expect(
                "\(error)" == "delete 2 elements from set inet portcullis ports4: 198.51.100.36 . tcp . 81: "
                    + "No such file or directory (ENOENT)")
            #expect(try connection.generation() == before)
            let elements = try connection.elements(of: "ports4", in: GatewayTable.table).collect()
            #expect(elements.count == 2)
        }
    }

    @Test("what overlaps, or maps to something else, is refused by name")
    func overlap() async throws {
        try await inNamespace { connection in
            let address = GatewayTable.address("198.51.100.37")
            var overlap = Nftables.Transaction(on: GatewayTable.table)
            overlap.add(
                elements: [
                    .init(.init(address, .tcp, 29999), to: .init(address, .tcp, 31000), data: .init(mark: 258))
                ], to: GatewayTable.marks4)
            let error = try Self.refusal { try connection.commit(overlap) }
            #expect(error.errno == .fileExists)
            #expect(
                error.command
                    == "add 1 element to map inet portcullis marks4: 198.51.100.37 . tcp . 29999-31000 : 258")

            var other = Nftables.Transaction(on: GatewayTable.table)
            other.add(
                elements: [
                    .init(
                        .init(GatewayTable.address("198.51.100.36"), .tcp, 8443),
                        data: .init(GatewayTable.address("10.1.0.12"), 443))
                ], to: GatewayTable.dnat4)
            #expect(try Self.refusal { try connection.commit(other) }.code == .refused)
        }
    }

    @Test("a transaction for a generation that is over is to be tried again")
    func generation() async throws {
        try await inNamespace { connection in
            let generation = try connection.generation()
            try NetworkNamespace.shell("nft add table inet other")
            var transaction = Nftables.Transaction(on: GatewayTable.table)
            transaction.flush(set: "ports4")
            let error = try Self.refusal { try connection.commit(transaction, ifGeneration: generation) }
            #expect(error.code == .retry)
            #expect("\(error)" == "change table inet portcullis: changed by somebody else meanwhile (ERESTART)")
            try connection.commit(transaction, ifGeneration: try connection.generation())
            let elements = try connection.elements(of: "ports4", in: GatewayTable.table).collect()
            #expect(elements.isEmpty)
        }
    }

    @Test("destroying a table leaves those of others, and is no error when there is none")
    func destroy() async throws {
        let ruleset = try await inNamespace { connection in
            try NetworkNamespace.shell("nft add table inet other")
            var transaction = Nftables.Transaction(on: GatewayTable.table)
            transaction.destroyTable()
            try connection.commit(transaction)
            try connection.commit(transaction)
            #expect(try !connection.exists(GatewayTable.table))
            return try NetworkNamespace.shell("nft list tables")
        }
        #expect(ruleset == "table inet other\n")
    }

    @Test("rules are flushed and deleted by handle; sets of a kind we never write are told apart")
    func foreign() async throws {
        try await inNamespace { connection in
            try NetworkNamespace.shell(
                "nft -f -",
                input: """
                    add rule inet portcullis guard tcp dport 22 counter accept
                    add set inet portcullis names { type ifname; }
                    add set inet portcullis timed { type ipv4_addr; flags timeout; }
                    add rule inet portcullis prerouting accept
                    """)
            let snapshot = try #require(try connection.snapshot(of: GatewayTable.table))
            #expect(Set(snapshot.foreignSets) == ["names", "timed"])
            let foreign = try #require(snapshot.rules.last { $0.rule.chain == "guard" })
            #expect(foreign.rule.expressions.contains(.other("counter")))

            var transaction = Nftables.Transaction(on: GatewayTable.table)
            transaction.append(.deleteRule(chain: "guard", handle: foreign.handle))
            transaction.flush(chain: "prerouting")
            transaction.append(.deleteSet("names"))
            try connection.commit(transaction)
            let after = try #require(try connection.snapshot(of: GatewayTable.table, elements: false))
            #expect(after.rules(in: "guard") == GatewayTable.rules.filter { $0.chain == "guard" })
            #expect(after.rules(in: "prerouting").isEmpty)
            #expect(after.foreignSets == ["timed"])
        }
    }

    @Test("a named counter counts")
    func counter() async throws {
        let counters = try await inNamespace { connection in
            try NetworkNamespace.shell("ip link set lo up; ip address add 198.51.100.36/32 dev lo")
            // A TCP connection to a port that nobody exports
            _ = try? NetworkNamespace.shell("timeout 1 bash -c '</dev/tcp/198.51.100.36/9'")
            return try connection.counters(of: GatewayTable.table).collect()
        }
        #expect(counters.map(\.name) == ["dropped"])
        #expect((counters.first?.packets ?? 0) > 0)
    }

    @Test("100,000 elements go in one transaction and come back")
    func many() async throws {
        let elements = (0..<100_000).map { index in
            Nftables.SetElement(
                .init(IPAddress(ipv4: 0xC633_6400 + UInt32(index / 50_000)), .tcp, UInt16(index % 50_000 + 1)))
        }
        let found = try await inNamespace { connection in
            var transaction = Nftables.Transaction(on: GatewayTable.table)
            transaction.flush(set: "ports4")
            transaction.add(elements: elements, to: GatewayTable.ports4)
            try connection.commit(transaction)
            return try connection.content(of: "ports4", in: GatewayTable.table).elements
        }
        #expect(found == Set(elements))
    }

    @Test("a dump that is left in the middle does not disturb the next request")
    func abandonedDump() async throws {
        try await inNamespace { connection in
            var transaction = Nftables.Transaction(on: GatewayTable.table)
            let elements = (0..<20_000).map { Nftables.SetElement(.init(IPAddress(ipv4: UInt32($0)))) }
            transaction.add(elements: elements, to: GatewayTable.addresses4)
            try connection.commit(transaction)
            var dump = try connection.elements(of: "addresses4", in: GatewayTable.table)
            #expect(try dump.next() != nil)
            #expect(try connection.exists(GatewayTable.table))
            let chains = try connection.chains(of: GatewayTable.table).collect()
            #expect(chains == GatewayTable.chains)
            let error = try Self.refusal { while try dump.next() != nil {} }
            #expect(error.code == .system)
        }
    }

    @Test("the monitor tells one's own changes from others'")
    func monitor() async throws {
        try await inNamespace { connection in
            let monitor = try Nftables.Monitor()
            var transaction = Nftables.Transaction(on: GatewayTable.table)
            transaction.flush(set: "ports4")
            try connection.commit(transaction)
            var own: [Nftables.Event] = []
            while let event = try monitor.next() { own.append(event) }
            #expect(own.allSatisfy { $0.portID == connection.portID || $0.table == nil })
            #expect(
                own.contains {
                    $0.subject == .elements(of: "ports4") && $0.action == .deleted && $0.table == GatewayTable.table
                })
            let generation = try connection.generation()
            guard case .generation(generation, let thread, _)? = own.last?.subject else {
                Issue.record("the last event is the new generation")
                return
            }
            #expect(FileManager.default.fileExists(atPath: "/proc/self/task/\(thread)"))

            try NetworkNamespace.shell("nft add rule inet portcullis input accept")
            let foreign = try #require(try monitor.next(within: .seconds(60)))
            #expect(foreign.subject == .rule(chain: "input"))
            #expect(foreign.action == .added)
            #expect(foreign.portID != connection.portID)
            guard case .generation(_, _, "nft")? = try monitor.next(within: .seconds(60))?.subject else {
                Issue.record("the generation names the process")
                return
            }
            #expect(try monitor.next(within: .milliseconds(20)) == nil)
        }
    }

    @Test("events that were lost are reported, and the monitor goes on")
    func overflow() async throws {
        try await inNamespace { connection in
            let monitor = try Nftables.Monitor(receiveBuffer: 4096)
            for _ in 0..<50 {
                var transaction = Nftables.Transaction(on: GatewayTable.table)
                for (set, elements) in GatewayTable.elements {
                    transaction.flush(set: set.name)
                    transaction.add(elements: elements, to: set)
                }
                try connection.commit(transaction)
            }
            let error = try Self.refusal { while try monitor.next() != nil {} }
            #expect(error.code == .overflow)
            while try monitor.next() != nil {}
            try NetworkNamespace.shell("nft add table inet other")
            #expect(try monitor.next(within: .seconds(60))?.table?.name == "other")
        }
    }

    @Test("the stream of events ends when it is let go")
    func stream() async throws {
        let stream = try await inNamespace { connection in
            let stream = try Nftables.Monitor.events()
            var transaction = Nftables.Transaction(on: GatewayTable.table)
            transaction.flush(set: "ports6")
            try connection.commit(transaction)
            return stream
        }
        for await result in stream {
            guard case .elements(of: "ports6") = try result.get().subject else { continue }
            break
        }
    }
}
