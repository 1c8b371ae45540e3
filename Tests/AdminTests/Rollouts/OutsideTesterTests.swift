import Cloud
import HTTPTestSupport
import Logging
import NIOHTTP1
import NetworkTypes
import Registry
import Synchronization
import TestSupport
import Testing
import Versions

@testable import Admin

@Suite("Tests through the public address") struct OutsideTesterTests {
    /// A type whose port 1024 to 65535 are served on the addresses of the pool "local".
    private static let type = """
        type: local
        gateway:
          - {name: all, address: local, fwm: {ports: 1024-65535, protocols: [tcp, udp]}}
          - {name: datagrams, address: local, ports: 53, protocol: udp}
        """

    /// What the tester sees of the cloud.
    private final class Surroundings: Sendable {
        let cloud: Mutex<Cloud>

        init(_ cloud: Cloud) { self.cloud = Mutex(cloud) }

        /// - Parameter logger: of the tester.
        func tester(isEnabled: Bool = true, logger: Logger = Stage.logger) -> OutsideTester {
            OutsideTester(isEnabled: isEnabled, logger: logger) { self.cloud.withLock { $0 } }
        }
    }

    /// The type's cloud with a pool of addresses of loopback, which a registry would refuse.
    private static func surroundings(_ addresses: String...) throws -> Surroundings {
        let configuration = try MetaConfiguration.loadOne(type, file: "local.yaml")
        return Surroundings(
            Cloud(
                locations: [Location(name: "tcn")],
                pools: [
                    AddressPool(location: "tcn", name: "local", addresses: addresses.compactMap { IPAddress($0) })
                ],
                types: [ServiceType(source: type, configuration: configuration)]))
    }

    private static func tests(
        _ port: Int, _ path: String = "/ping", method: String = "GET", status: Int = 200, timeout: Int = 1,
        type: String = "local", at location: String = "tcn"
    ) -> OutsideTest {
        let check = ServiceTest.HTTPCheck(method: method, port: UInt16(port), path: path, status: status)
        return OutsideTest(
            service: "\(type).1", type: type, version: String(repeating: "0", count: 64), location: location,
            tests: [Manifest.Test(name: "ping", action: .http(check), timeout: timeout, origin: .outside)])
    }

    @Test("the expected answer passes, and the request is what the test says")
    func passes() async throws {
        let surroundings = try Self.surroundings("127.0.0.1")
        let tester = surroundings.tester()
        let server = try await StubServer { .init(status: $0.method == .POST ? .accepted : .ok) }
        #expect(await tester.run(Self.tests(server.port, "/a//b?c=%20&d=:e", timeout: 30)) == nil)
        #expect(await tester.run(Self.tests(server.port, method: "POST", status: 202, timeout: 30)) == nil)
        let requests = server.requests
        #expect(requests.map(\.uri) == ["/a//b?c=%20&d=:e", "/ping"])
        #expect(requests.map(\.method) == [.GET, .POST])
        #expect(requests.allSatisfy { $0.headers["Host"] == ["127.0.0.1:\(server.port)"] })
        #expect(requests.allSatisfy { $0.headers["Authorization"].isEmpty && $0.headers["Cookie"].isEmpty })
        // A connection that was kept would lead to the instance of before.
        #expect(server.connectionCount == 2)
        await server.close()
    }

    @Test("another status, a closed connection, no HTTP, silence and nobody there each say what they are")
    func fails() async throws {
        let surroundings = try Self.surroundings("127.0.0.1")
        let tester = surroundings.tester()
        let server = try await StubServer { _ in .init(status: .serviceUnavailable) }
        let place = "the test ping: GET /ping at 127.0.0.1 port \(server.port): "
        #expect(
            await tester.run(Self.tests(server.port)) == "\(place)the answer has status 503, and 200 is expected")
        server.answer { _ in .init(status: .ok, ending: .hungUp) }
        #expect(
            await tester.run(Self.tests(server.port)) == "\(place)the connection was closed without an answer")
        server.answer { _ in .init(status: .ok, ending: .silent) }
        #expect(await tester.run(Self.tests(server.port)) == "\(place)no answer in time")
        let port = server.port
        await server.close()
        #expect(await tester.run(Self.tests(port)) == "\(place)connection refused")
        let faulty = try await FaultyServer(.answer("220 mail.example ESMTP\r\n"))
        let faultyPort = try #require(Int(faulty.authority.split(separator: ":")[1]))
        #expect(await tester.run(Self.tests(faultyPort, timeout: 5))?.hasSuffix("the answer is no HTTP") == true)
        await faulty.close()
    }

    @Test("a redirect is an answer like any other: nobody follows it")
    func redirects() async throws {
        let surroundings = try Self.surroundings("127.0.0.1")
        let tester = surroundings.tester()
        let other = try await StubServer { _ in .init(status: .ok) }
        let server = try await StubServer { [url = other.url] _ in
            .init(status: .found, headers: ["Location": "\(url)/"])
        }
        #expect(
            await tester.run(Self.tests(server.port))?.hasSuffix("the answer has status 302, and 200 is expected")
                == true)
        #expect(await tester.run(Self.tests(server.port, status: 302, timeout: 30)) == nil)
        #expect(other.requests.isEmpty && other.connectionCount == 0)
        await server.close()
        await other.close()
    }

    @Test("of a body of 1 GB next to nothing is read, and its end is not waited for")
    func flood() async throws {
        let surroundings = try Self.surroundings("127.0.0.1")
        let tester = surroundings.tester()
        let server = try await FloodServer()
        let begin = ContinuousClock.now
        #expect(await tester.run(Self.tests(server.port, timeout: 60)) == nil)
        #expect(ContinuousClock.now - begin < .seconds(20))
        // What the sockets of both sides hold, and one read of ours.
        #expect(server.bytesSent < 20_000_000)
        await server.close()
    }

    @Test("it is tried again each second, since a gateway may just have begun")
    func retries() async throws {
        let surroundings = try Self.surroundings("127.0.0.1")
        let tester = surroundings.tester()
        let server = try await StubServer { _ in .init(status: .badGateway) }
        let attempts = Mutex(0)
        server.answer { _ in
            .init(
                status: attempts.withLock {
                    $0 += 1; return $0 > 2 ? .ok : .badGateway
                })
        }
        let begin = ContinuousClock.now
        #expect(await tester.run(Self.tests(server.port, timeout: 30)) == nil)
        #expect(server.requests.count == 3 && ContinuousClock.now - begin >= .seconds(2))
        await server.close()
    }

    @Test("every address must answer, of each family")
    func families() async throws {
        let surroundings = try Self.surroundings("127.0.0.1", "127.0.0.2", "::1")
        let tester = surroundings.tester()
        let four = try await StubServer { _ in .init(status: .ok) }
        let port = four.port
        let problem = await tester.run(Self.tests(port, timeout: 5))
        #expect(
            problem == "the test ping: GET /ping at 127.0.0.2 port \(port): connection refused"
                + " (2 of 3 addresses fail)")
        let other = try await StubServer(at: "127.0.0.2", port: port) { _ in .init(status: .ok) }
        #expect(
            await tester.run(Self.tests(port, timeout: 5))
                == "the test ping: GET /ping at ::1 port \(port): connection refused"
        )
        let six = try await StubServer(at: "::1", port: port) { _ in .init(status: .ok) }
        #expect(await tester.run(Self.tests(port, timeout: 5)) == nil)
        #expect(six.requests.last?.headers["Host"] == ["[::1]:\(port)"])
        for server in [four, other, six] { await server.close() }
    }

    @Test("a port that no section of the type serves over TCP at the location fails, and nothing is sent")
    func unserved() async throws {
        let surroundings = try Self.surroundings("127.0.0.1")
        let tester = surroundings.tester()
        #expect(
            await tester.run(Self.tests(53))
                == "the test ping: no gateway section of local serves port 53 over TCP at tcn")
        let server = try await StubServer { _ in .init(status: .ok) }
        for (type, location) in [("local", "hel"), ("pgw", "tcn"), ("none", "tcn")] {
            #expect(
                await tester.run(Self.tests(server.port, type: type, at: location))
                    == "the test ping: no gateway section of \(type) serves port \(server.port) over TCP at \(location)"
            )
        }
        #expect(server.connectionCount == 0)
        // An address that leaves the pool gets nothing more.
        server.answer { _ in .init(status: .badGateway) }
        async let problem = tester.run(Self.tests(server.port, timeout: 60))
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        surroundings.cloud.withLock { $0.pools = [:] }
        let found = await problem
        #expect(found?.hasSuffix("the address is not the type's any more") == true)
        await server.close()
    }

    @Test("many tests at a time wait for their turn, and their time begins with it")
    func places() async throws {
        let surroundings = try Self.surroundings("127.0.0.1")
        let tester = surroundings.tester()
        let server = try await StubServer { _ in .init(status: .ok, ending: .silent) }
        let problems = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { await tester.run(Self.tests(server.port)) } }
            return await group.reduce(into: [String?]()) { $0.append($1) }
        }
        // Three rounds of a second for 20 at 8 places; each has sent its request.
        #expect(problems.count == 20 && problems.allSatisfy { $0?.hasSuffix("no answer in time") == true })
        #expect(server.requests.count == 20)
        await server.close()
    }

    @Test("whoever gives up is answered at once")
    func cancelled() async throws {
        let surroundings = try Self.surroundings("127.0.0.1")
        let tester = surroundings.tester()
        let server = try await StubServer { _ in .init(status: .ok, ending: .silent) }
        let task = Task { await tester.run(Self.tests(server.port, timeout: 3_600)) }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        let begin = ContinuousClock.now
        task.cancel()
        #expect(await task.value != nil)
        #expect(ContinuousClock.now - begin < .seconds(20))
        await server.close()
    }

    @Test("tests that are switched off pass, send nothing, and the log says so")
    func off() async throws {
        let log = RecordedLog()
        let surroundings = try Self.surroundings("127.0.0.1")
        let server = try await StubServer { _ in .init(status: .badGateway) }
        let tester = surroundings.tester(isEnabled: false, logger: log.logger)
        #expect(await tester.run(Self.tests(server.port)) == nil)
        #expect(server.connectionCount == 0)
        #expect(log.notable.contains { $0.contains("switched off") })
        await server.close()
    }
}
