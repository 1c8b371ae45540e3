import Foundation
import Glibc
import HealthChecks
import Logging
import TestSupport
import Testing

@testable import HealthProber

@Suite("The prober and the daemon", .serialized) struct ProberTests {
    private func withDaemon(_ body: @escaping @Sendable (LittleDaemon) throws -> Void) async throws {
        let log = RecordedLog()
        try await withTemporaryFolder { folder in
            try await onOwnThread {
                let daemon = try LittleDaemon(folder, logger: log.logger)
                defer { daemon.end() }
                try daemon.greet()
                try body(daemon)
            }
        }
    }

    private static let fast = "interval=0.1 fall=2"

    @Test("a target has its first verdict soon, and others when results agree")
    func verdicts() async throws {
        try await withDaemon { daemon in
            var server: LittleServer? = try LittleServer(nil)
            let port = try #require(server?.port)
            daemon.tell("target 7 127.0.0.1 \(port) tcp \(Self.fast)")
            daemon.tell("whole")
            let first = try daemon.verdict()
            #expect(first.id == 7 && first.verdict == .up && first.reason == nil && first.weight == nil)
            #expect(first.age < 1_000 && first.latency < 1_000_000)
            let state = try daemon.alive()
            #expect(state.targets == 1 && state.failed == 0 && state.problem == nil)

            server?.stop()
            server = nil
            let second = try daemon.verdict()
            #expect(second.verdict == .down && second.reason == "connection refused")

            daemon.tell("remove 7")
            _ = try daemon.alive()
            let last = try daemon.alive()
            #expect(last.targets == 0 && last.failed >= 2)
            #expect(try daemon.alive().probes == last.probes)
        }
    }

    @Test("a verdict that the daemon has stands: it is told only if it changes")
    func known() async throws {
        try await withDaemon { daemon in
            let server = try LittleServer(nil)
            daemon.tell("target 1 127.0.0.1 \(server.port) up 60000 tcp \(Self.fast)")
            for _ in 0..<3 { _ = try daemon.alive() }
            daemon.tell("target 1 127.0.0.1 \(server.port) down 60000 tcp interval=0.1")
            #expect(try daemon.verdict().verdict == .up)
            withExtendedLifetime(server) {}
        }
    }

    @Test("a digest follows what has changed")
    func digests() async throws {
        try await withDaemon { daemon in
            let server = try LittleServer(nil)
            server.stop()
            daemon.tell("target 3 127.0.0.1 \(server.port) down 1 tcp \(Self.fast)")
            while let message = try daemon.next() {
                guard case .result(let result) = message else { continue }
                #expect(result.id == 3 && result.failures > 0 && result.reason == "connection refused")
                return
            }
            Issue.record("no digest")
        }
    }

    @Test("a program's share of the weight is told when it changes, and after each new connection")
    func weights() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "status").path
            try "12".write(toFile: file, atomically: true, encoding: .utf8)
            try await withDaemon { daemon in
                let target =
                    "target 1 127.0.0.1 0 up 5 command arg=/bin/sh arg=-c arg=echo%20so;exit%20$(cat%20\(file)) \(Self.fast)"
                daemon.tell(target)
                var verdict = try daemon.verdict()
                #expect(verdict.weight == 10 && verdict.verdict == .up && verdict.reason == "so")
                _ = try daemon.alive()
                try "0".write(toFile: file, atomically: true, encoding: .utf8)
                verdict = try daemon.verdict()
                #expect(verdict.weight == nil && verdict.verdict == .up)
                try "1".write(toFile: file, atomically: true, encoding: .utf8)
                #expect(try daemon.verdict().verdict == .down)
                try "2".write(toFile: file, atomically: true, encoding: .utf8)
                #expect(try daemon.verdict().weight == 0)
                daemon.hangUp()
                try daemon.greet()
                daemon.tell(target)
                #expect(try daemon.verdict().weight == 0)
            }
        }
    }

    @Test("more programs than may run at once wait for each other")
    func manyPrograms() async throws {
        try await withDaemon { daemon in
            for id in 0..<150 {
                daemon.tell("target \(id) 127.0.0.1 0 command arg=/bin/sleep arg=0.3 interval=20 timeout=15")
            }
            var ids: Set<UInt64> = []
            while ids.count < 150 { ids.insert(try daemon.verdict().id) }
        }
    }

    /// A program that the kernel cannot open as long as the lease lasts, as on a file system that does not answer.
    private static func lease(_ path: String) throws -> Int32 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        // The holder is told by a signal that the lease is to be given back: one that means nothing here.
        guard fcntl(descriptor, 10 /* F_SETSIG */, SIGURG) == 0,
            fcntl(descriptor, 1_024 /* F_SETLEASE */, F_WRLCK) == 0
        else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
        return descriptor
    }

    @Test("a program that the kernel cannot open costs nothing but itself, and says nothing of the server")
    func hanging() async throws {
        try await withTemporaryFolder { folder in
            let program = folder.appending(path: "check").path
            try "#!/bin/sh\n".write(toFile: program, atomically: false, encoding: .utf8)
            chmod(program, 0o755)
            let descriptor = try Self.lease(program)
            defer { close(descriptor) }
            try await withDaemon { daemon in
                daemon.tell("target 1 127.0.0.1 0 command arg=\(program) interval=0.2 timeout=0.2")
                daemon.tell("target 2 127.0.0.1 0 command arg=/bin/true interval=0.2 timeout=2")
                #expect(try daemon.verdict().id == 2)
                var state = try daemon.alive()
                while state.problem == nil { state = try daemon.alive() }
                #expect(
                    state.problem
                        == "\(program) did not begin in time: does its file system answer? (1 of 2 targets)")
                // The loop was never kept waiting, nor was the other target.
                #expect(state.lateness.maximum < 1_000_000)
                #expect(state.failed == 0 && state.probes > 3)
            }
        }
    }

    @Test("what cannot be probed is told as a problem, without a verdict")
    func problem() async throws {
        try await withDaemon { daemon in
            daemon.tell("target 1 127.0.0.1 0 command arg=/nowhere/x interval=0.1")
            var state = try daemon.alive()
            while state.problem == nil { state = try daemon.alive() }
            #expect(
                state.problem == "/nowhere/x cannot be started: No such file or directory (1 of 1 targets)")
            #expect(state.failed == 0 && state.probes == 0)
            daemon.tell("remove 1")
            _ = try daemon.alive()
            #expect(try daemon.alive().problem == nil)
        }
    }

    @Test("a daemon that hangs up, or does not speak as agreed, is connected to again, and told nothing old")
    func reconnects() async throws {
        try await withDaemon { daemon in
            let server = try LittleServer(nil)
            for nonsense in [
                "", "target 1 127.0.0.1 0 tcp", "portcullis-checks 2", String(repeating: "x", count: 9_000),
            ] {
                daemon.tell("target 9 127.0.0.1 \(server.port) up 1 tcp interval=0.1")
                if nonsense.isEmpty { daemon.hangUp() } else { daemon.tell(nonsense) }
                while !nonsense.isEmpty, try daemon.next() != nil {}
                try daemon.greet()
                #expect(try daemon.alive().targets == 0)
            }
        }
    }

    @Test("what the daemon does not read is bounded")
    func stuck() throws {
        try TemporaryListener.with { path, listener in
            let link = DaemonLink(path, try Poller(), Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            link.connect(at: 0)
            let message = ProberMessage.result(.init(id: 1, failures: 1, latency: 1, reason: "x"))
            while link.isDraining {
                link.send(message)
                link.flush()
            }
            #expect(!link.isStuck)
            while !link.isStuck {
                link.send(message)
                link.flush()
            }
            link.drop("the daemon does not read", at: 1_000)
            #expect(!link.isStuck && link.isDraining)
            #expect((1_050...1_100).contains(try #require(link.nextAttempt)))
            withExtendedLifetime(listener) {}
        }
    }

    @Test("many targets are probed in their time")
    func many() async throws {
        try await withDaemon { daemon in
            let server = try LittleServer(nil)
            for id in 0..<1_000 {
                daemon.tell("target \(id) 127.0.0.1 \(server.port) up 1 tcp interval=1")
            }
            daemon.tell("whole")
            var state = try daemon.alive()
            while state.probes < 2_000 { state = try daemon.alive() }
            #expect(state.targets == 1_000)
        }
    }
}

/// A Unix socket that nobody accepts connections of.
private enum TemporaryListener {
    static func with(_ body: (String, Int32) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "checks.sock").path
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let isBound = withUnsafePointer(to: name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, listen(listener, 4) == 0 else { throw POSIXError(.EADDRINUSE) }
        try body(path, listener)
    }
}

@Suite("Errors of the system") struct SystemFaultTests {
    @Test("a server that cannot be reached has failed; what this machine lacks says nothing of it")
    func outcomes() {
        for number in [ECONNREFUSED, ECONNRESET, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, EPIPE] {
            guard case .failure = SystemFault.outcome(number) else {
                Issue.record("\(number)")
                continue
            }
        }
        for number in [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EAGAIN, ENETDOWN, EPERM, EACCES] {
            guard case .void(.some) = SystemFault.outcome(number) else {
                Issue.record("\(number)")
                continue
            }
        }
    }
}
