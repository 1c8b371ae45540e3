import Foundation
import Glibc
import HTTPTestSupport
import HealthChecks
import HealthProber
import NetworkTypes
import TestSupport
import Testing

let loopback = IPAddress("127.0.0.1")!

/// Makes one probe of a port on loopback.
func probe(_ check: String, port: UInt16, authorities: String? = nil) async throws -> ProbeOutcome {
    let target = ProbeTarget(try HealthCheck(text: check), address: loopback, port: port)
    return try await onOwnThread { try SingleProbe.make(target, authorities: authorities).outcome }
}

struct ProbeTestError: Error {
    let text: String

    init(_ text: String) { self.text = text }
}

@Suite("Probes over connections") struct StreamProbeTests {
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nit lives"

    @Test("a TCP check succeeds, and the server never sees the connection")
    func tcp() async throws {
        let server = try LittleServer(nil)
        #expect(try await probe("tcp", port: server.port) == .success())
        #expect(!server.hasConnection)
        // As opposed to one that is not reset.
        #expect(try await probe("http path=/ timeout=0.1", port: server.port) == .failure("no answer within 0.1 s"))
        #expect(server.hasConnection)
    }

    @Test("a closed port refuses")
    func refused() async throws {
        let server = try LittleServer(nil)
        server.stop()
        for check in ["tcp", "smtp", "http path=/", "tls"] {
            #expect(try await probe(check, port: server.port) == .failure("connection refused"))
        }
    }

    @Test("a full backlog is no connection")
    func backlog() async throws {
        let (descriptor, port) = try LittleServer.bound(SOCK_STREAM)
        listen(descriptor, 0)
        defer { close(descriptor) }
        for _ in 0..<3 { _ = try await probe("http path=/ timeout=0.1", port: port) }
        let others = (0..<4).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0) }
        defer { for other in others { close(other) } }
        for other in others {
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            name.sin_port = port.bigEndian
            withUnsafePointer(to: name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = connect(other, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        #expect(try await probe("tcp timeout=0.3", port: port) == .failure("no connection within 0.3 s"))
    }

    @Test("HTTP that closes at any place fails until it has said enough")
    func closes() async throws {
        let answer = Array(Self.ok.utf8)
        for length in answer.indices {
            let server = try LittleServer { connection in
                connection.read()
                connection.send(String(decoding: answer[..<length], as: UTF8.self))
            }
            let outcome = try await probe("http path=/ text=lives", port: server.port)
            if case .failure(let reason) = outcome {
                #expect(reason.hasPrefix("connection closed"))
            } else {
                Issue.record("\(length): \(outcome)")
            }
        }
        let server = try LittleServer { connection in
            connection.read()
            connection.send(Self.ok)
        }
        #expect(try await probe("http path=/ text=lives", port: server.port) == .success())
    }

    @Test("silence, a byte now and then, a reset, and more than anybody wants")
    func misbehaviour() async throws {
        let silent = try LittleServer { $0.wait() }
        #expect(try await probe("http path=/ timeout=0.2", port: silent.port) == .failure("no answer within 0.2 s"))
        #expect(try await probe("smtp timeout=0.2", port: silent.port) == .failure("no answer within 0.2 s"))
        #expect(try await probe("tls timeout=0.2", port: silent.port) == .failure("no TLS handshake within 0.2 s"))

        let slow = try LittleServer { connection in
            connection.read()
            for byte in Self.ok where connection.send("\(byte)") { usleep(50_000) }
        }
        #expect(
            try await probe("http path=/ text=lives timeout=0.4", port: slow.port)
                == .failure("no whole answer within 0.4 s"))

        let resetting = try LittleServer { connection in
            connection.read()
            connection.reset()
        }
        #expect(try await probe("http path=/", port: resetting.port) == .failure("connection reset"))

        let flood = try LittleServer { connection in
            connection.read()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            let much = String(repeating: "x", count: 1_000_000)
            for _ in 0..<1_000 where !connection.send(much) { break }
        }
        #expect(
            try await probe("http path=/ text=y", port: flood.port)
                == .failure("the text is not in the first 64 KiB of the HTTP body"))
        #expect(try await probe("http path=/", port: flood.port) == .success())
    }

    @Test("a mail server is greeted by an address, and told that the probe leaves")
    func smtp() async throws {
        let (said, saying) = AsyncStream<String>.makeStream()
        let server = try LittleServer { connection in
            connection.send("220-mail.example\r\n220 ready\r\n")
            saying.yield(String(decoding: connection.read(), as: UTF8.self))
            connection.send("250-mail.example\r\n250 HELP\r\n")
            saying.yield(String(decoding: connection.read(), as: UTF8.self))
        }
        #expect(try await probe("smtp", port: server.port) == .success())
        var iterator = said.makeAsyncIterator()
        #expect(await iterator.next() == "EHLO [127.0.0.1]\r\n")
        #expect(await iterator.next() == "QUIT\r\n")
        let busy = try LittleServer { $0.send("421 busy\r\n") }
        #expect(try await probe("smtp", port: busy.port) == .failure("SMTP greeting 421"))
    }
}

@Suite("Probes over TLS") struct TLSProbeTests {
    @Test("each way to look at a certificate")
    func certificates() async throws {
        let good = try await TLSServer(.loopback, answer: StreamProbeTests.ok)
        let expired = try await TLSServer(.expired, answer: StreamProbeTests.ok)
        let elsewhere = try await TLSServer(.elsewhere, answer: StreamProbeTests.ok)
        let untrusted = ProbeOutcome.failure("the certificate is expired, or no trusted authority has signed it")
        for check in ["tls", "tls verify=none", "https path=/ text=lives", "https path=/ name=x.example verify=none"] {
            #expect(try await probe(check, port: good.port) == .success(), "\(check)")
        }
        #expect(
            try await probe("https path=/ text=dies", port: good.port) == .failure("the text is not in the HTTP body"))
        #expect(try await probe("tls verify=full", port: good.port) == untrusted)

        #expect(try await probe("tls verify=none", port: expired.port) == .success())
        for check in ["tls", "https path=/"] {
            guard case .failure(let reason) = try await probe(check, port: expired.port) else {
                Issue.record("\(check) succeeds")
                continue
            }
            #expect(reason.hasPrefix("certificate expired 2"), "\(reason)")
            #expect(reason.hasSuffix(" days ago"))
        }

        try await withTemporaryFolder { folder in
            func file(_ certificate: TestCertificate) throws -> String {
                let path = folder.appending(path: "\(UUID().uuidString).pem").path
                try certificate.certificate.write(toFile: path, atomically: true, encoding: .utf8)
                return path
            }
            let trusted = try file(.loopback)
            #expect(try await probe("tls verify=full", port: good.port, authorities: trusted) == .success())
            #expect(
                try await probe("tls name=127.0.0.1 verify=full", port: good.port, authorities: trusted) == .success())
            #expect(
                try await probe("tls name=other.example verify=full", port: good.port, authorities: trusted)
                    == .failure("the certificate is for another name"))
            let named = try file(.elsewhere)
            #expect(
                try await probe("https path=/ name=other.example verify=full", port: elsewhere.port, authorities: named)
                    == .success())
            #expect(
                try await probe("tls verify=full", port: elsewhere.port, authorities: named)
                    == .failure("the certificate is for another name"))
            guard case .void(let problem) = try await probe("tls verify=full", port: good.port, authorities: "/nowhere")
            else { throw ProbeTestError("authorities that are not there") }
            #expect(problem?.hasPrefix("the authorities to trust cannot be read") ?? false)
        }
        await good.close()
        await expired.close()
        await elsewhere.close()
    }

    @Test("what is not TLS fails, and what ends within the handshake")
    func broken() async throws {
        let plain = try LittleServer { connection in
            connection.read()
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.wait()
        }
        #expect(try await probe("tls", port: plain.port) == .failure("TLS handshake failed: wrong version number"))
        let closing = try LittleServer { connection in connection.read() }
        #expect(try await probe("tls", port: closing.port) == .failure("connection closed within the TLS handshake"))
        let resetting = try LittleServer { connection in
            connection.read()
            connection.reset()
        }
        #expect(try await probe("https path=/", port: resetting.port) == .failure("connection reset"))
    }
}
