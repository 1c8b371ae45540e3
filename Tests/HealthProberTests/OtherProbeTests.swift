import Foundation
import Glibc
import HealthChecks
import HealthProber
import NetworkTypes
import TestSupport
import Testing

@Suite("Probes by datagrams") struct DatagramProbeTests {
    @Test("a name server answers, or says why not")
    func dns() async throws {
        let answering = try LittleDatagramServer { query in
            let header = query[..<2] + [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]
            let record: [UInt8] = [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4]
            // First what answers another query.
            return [[0, 0] + header.dropFirst(2), Array(header + query[12...] + record)]
        }
        #expect(try await probe("dns query=www.example type=a", port: answering.port) == .success())
        #expect(
            try await probe("dns query=www.example", port: answering.port)
                == .failure("DNS answer without a record of type SOA"))
        let failing = try LittleDatagramServer { query in [Array(query[..<2] + [0x81, 0x82] + query[4...])] }
        #expect(try await probe("dns query=www.example", port: failing.port) == .failure("DNS status SERVFAIL"))
        let silent = try LittleDatagramServer { _ in [] }
        #expect(
            try await probe("dns query=www.example timeout=0.2", port: silent.port)
                == .failure("no answer within 0.2 s"))
    }

    @Test("a datagram is answered, or need not be")
    func udp() async throws {
        let echo = try LittleDatagramServer { [$0] }
        #expect(try await probe("udp send=ping expect=pi", port: echo.port) == .success())
        #expect(
            try await probe("udp send=ping expect=po timeout=0.2", port: echo.port)
                == .failure("the answer does not begin with what is expected"))
        // What is late from the probe before decides nothing; nor does what comes without end.
        let late = try LittleDatagramServer { _ in [Array("late".utf8), [], Array("pong".utf8)] }
        #expect(try await probe("udp send=ping expect=po", port: late.port) == .success())
        let flood = try LittleDatagramServer { _ in Array(repeating: Array("x".utf8), count: 150) }
        #expect(
            try await probe("udp send=ping expect=po", port: flood.port)
                == .failure("the answer does not begin with what is expected"))
        let silent = try LittleDatagramServer { _ in [] }
        #expect(try await probe("udp send=ping timeout=0.2", port: silent.port) == .success())
        let (descriptor, port) = try LittleServer.bound(SOCK_DGRAM)
        close(descriptor)
        #expect(try await probe("udp send=ping", port: port) == .failure("nothing listens at the port"))
    }

    /// In a network namespace of its own, whose groups may ping or not as the test says.
    private func ping(_ addresses: [String], groups: String) async throws -> [ProbeOutcome] {
        try await onOwnThread {
            let unshare = unsafeBitCast(dlsym(nil, "unshare"), to: (@convention(c) (Int32) -> Int32).self)
            guard unshare(0x4000_0000) == 0 else { throw POSIXError(.EPERM) }
            try groups.write(
                toFile: "/proc/sys/net/ipv4/ping_group_range", atomically: false, encoding: .utf8)
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            defer { close(descriptor) }
            // struct ifreq: the name, then the flags IFF_UP and IFF_RUNNING.
            var request = [UInt8]("lo".utf8) + [UInt8](repeating: 0, count: 38)
            request[16] = 0x41
            guard ioctl(descriptor, 0x8914, &request) == 0 else { throw POSIXError(.EIO) }
            return try addresses.map { address in
                let target = ProbeTarget(
                    HealthCheck(.ping, timing: .init(timeout: 1_000)), address: IPAddress(address)!, port: 0)
                return try SingleProbe.make(target).outcome
            }
        }
    }

    @Test("an echo is answered over both families")
    func pings() async throws {
        let outcomes = try await ping(["127.0.0.1", "::1", "198.51.100.1"], groups: "0 2147483647")
        #expect(outcomes == [.success(), .success(), .failure("no route to the network")])
    }

    @Test("without the kernel's permission an echo says nothing of the server")
    func forbidden() async throws {
        let void = ProbeOutcome.void(problem: "net.ipv4.ping_group_range does not let the prober's group ping")
        #expect(try await ping(["127.0.0.1", "::1"], groups: "1 0") == [void, void])
    }
}

@Suite("Probes by programs") struct CommandProbeTests {
    private func run(_ script: String, timeout: String = "3", port: UInt16 = 0) async throws -> ProbeOutcome {
        let check = HealthCheck(
            .command(["/bin/sh", "-c", script]), timing: .init(timeout: Int(Double(timeout)! * 1_000)))
        let target = ProbeTarget(check, address: loopback, port: port)
        return try await onOwnThread { try SingleProbe.make(target).outcome }
    }

    @Test("the exit status and the first line count")
    func status() async throws {
        #expect(try await run("echo fine; echo more; exit 0") == .success(note: "fine"))
        #expect(try await run("echo broken >&2; exit 1") == .failure("broken"))
        #expect(try await run("exit 129") == .success(weight: 127))
        #expect(try await run("kill -SEGV $$") == .failure("the command was ended by signal 11"))
        #expect(try await run("exec >&- 2>&-; sleep 0.1; exit 3") == .success(weight: 1))
    }

    @Test("it has the target and nothing else in its environment, and no descriptors of ours")
    func environment() async throws {
        #expect(
            try await run("env | sort | tr '\\n' ' '; ls /proc/self/fd | wc -l", port: 80)
                == .success(
                    note:
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PORTCULLIS_ADDRESS=127.0.0.1 "
                        + "PORTCULLIS_PORT=80 PWD=\(FileManager.default.currentDirectoryPath) 4"))
        #expect(try await run("cat; test $(ps -o pgid= -p $$) -eq $$") == .success())
    }

    @Test("output without end is read and dropped")
    func flood() async throws {
        guard case .success(_, let note) = try await run("head -c 10000000 /dev/zero | tr '\\0' x") else {
            throw POSIXError(.EIO)
        }
        #expect(note?.utf8.count == CommandEnd.longestOutput)
    }

    @Test("a program that takes too long ends, with all it has started")
    func tooLong() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "pid").path
            #expect(
                try await run("sleep 100 & echo $! > \(file); wait", timeout: "0.5")
                    == .failure("the command did not end within 0.5 s"))
            let child = pid_t(
                try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
            #expect(await isGone(try #require(child)))
            #expect(try await run("sleep 100 & echo $! > \(file)") == .success())
            let left = pid_t(
                try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
            #expect(await isGone(try #require(left)))
        }
    }

    private func isGone(_ process: pid_t) async -> Bool {
        for _ in 0..<100 {
            let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
            if stat.isEmpty || stat.contains(") Z ") { return true }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    @Test("a program that cannot be started says nothing of the server")
    func missing() async throws {
        let target = ProbeTarget(HealthCheck(.command(["/nowhere/check"])), address: loopback, port: 0)
        #expect(
            try SingleProbe.make(target).outcome
                == .void(problem: "/nowhere/check cannot be started: No such file or directory"))
    }
}
