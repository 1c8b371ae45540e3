import Foundation
import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

@Suite("one writer per network namespace")
struct WriterLockTests {
    @Test("a second writer is refused, whatever its directories, until the first is gone; the message names the first")
    func second() async throws {
        try await NetworkNamespace.run {
            var first: WriterLock? = try WriterLock()
            #expect(first?.problem == nil)
            let held = try #require(throws: WriterLock.Held.self) { try WriterLock() }
            #expect(held.description.hasPrefix("process \(getpid()) ("))
            #expect(held.description.hasSuffix(": end it first"))
            withExtendedLifetime(first) {}
            first = nil
            _ = try WriterLock()
        }
    }

    @Test("each network namespace has its own")
    func namespaces() async throws {
        try await NetworkNamespace.run {
            let lock = try WriterLock()
            withExtendedLifetime(lock) {}
        }
        try await NetworkNamespace.run { _ = try WriterLock() }
    }

    @Test("who cannot write to the kernel holds nothing up, and is told of")
    func squatter() async throws {
        try await NetworkNamespace.run {
            let first = try WriterLock()
            let squatter = WriterLock.Holder(user: 1_000, process: 7, command: "sleep 60", mayWrite: false)
            let lock = try WriterLock(name: WriterLock.name) { squatter }
            #expect(lock.problem?.hasPrefix("process 7 (sleep 60) has taken the name of the lock") == true)
            withExtendedLifetime(first) {}
        }
    }

    @Test(
        "root and the own user are writers; of others root sees what they may, and nobody else takes them for writers")
    func writers() {
        func isWriter(_ user: UInt32?, _ mayWrite: Bool?, seenBy own: UInt32) -> Bool {
            WriterLock.Holder(user: user, mayWrite: mayWrite).isWriter(asSeenBy: own)
        }
        for own: UInt32 in [0, 998] {
            #expect(isWriter(0, nil, seenBy: own) && isWriter(own, nil, seenBy: own) && isWriter(nil, nil, seenBy: own))
            #expect(!isWriter(1_000, false, seenBy: own) && isWriter(1_000, true, seenBy: own))
        }
        #expect(isWriter(998, nil, seenBy: 0))
        #expect(!isWriter(1_000, nil, seenBy: 998))
    }

    @Test("a holder is named by as much as can be seen of it")
    func names() {
        #expect("\(WriterLock.Holder())" == "another process")
        #expect("\(WriterLock.Holder(user: 998))" == "a process of user 998")
        #expect("\(WriterLock.Holder(user: 0, process: 812))" == "process 812")
        #expect("\(WriterLock.Holder(user: 0, process: 812, command: "a run"))" == "process 812 (a run)")
    }
}
