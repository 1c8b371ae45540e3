package import Cloud
package import Logging
import NetworkTypes
package import Registry
import ServiceSupport
import Versions

/// Runs the tests `from: outside` of versions: each is sent to every public address of the type at the instance's
/// location that serves the test's port, and every one must answer as expected within the test's time.
///
/// Behind an address any instance of the type may answer. Requests go to addresses of ADMIN's own pools and nowhere else.
package final class OutsideTester: OutsideTesting {
    private let isEnabled: Bool
    private let logger: Logger
    private let cloud: @Sendable () async throws -> Cloud
    private let turns = Turns(atOnce: 8)

    /// Between two attempts: the gateways may just have begun.
    private static let pause = Duration.seconds(1)
    /// How long the registry may be unavailable.
    private static let patience = Duration.seconds(60)

    /// - Parameters:
    ///   - isEnabled: false: nothing is sent, and tests count as passed.
    ///   - cloud: what ADMIN knows now: the pools and types by which addresses are found.
    package init(isEnabled: Bool = true, logger: Logger, cloud: @escaping @Sendable () async throws -> Cloud) {
        self.isEnabled = isEnabled
        self.logger = logger
        self.cloud = cloud
    }

    /// Runs the tests one after another until one fails.
    ///
    /// - Returns: why one has failed; `nil`: all have passed.
    package func run(_ test: OutsideTest) async -> String? {
        guard isEnabled else {
            logger.notice(
                "tests from outside are switched off (outside-tests), and count as passed",
                metadata: [
                    "service": "\(test.service)", "tests": "\(test.tests.map(\.name).joined(separator: ", "))",
                ])
            return nil
        }
        do {
            for single in test.tests {
                guard case .http(let check) = single.action else { continue }
                if let problem = try await problem(of: check, single.timeout, test) {
                    return "the test \(single.name): \(problem)"
                }
            }
            return nil
        } catch is CancellationError {
            return "the tests were given up"
        } catch {
            return "ADMIN cannot run the tests: \(error)"
        }
    }

    /// Sends a test to all addresses at once.
    private func problem(of check: ServiceTest.HTTPCheck, _ seconds: Int, _ test: OutsideTest) async throws -> String? {
        let addresses = try await addresses(for: check.port, test)
        guard !addresses.isEmpty else {
            return "no gateway section of \(test.type) serves port \(check.port) over TCP at \(test.location)"
        }
        let problems = try await withThrowingTaskGroup(of: (IPAddress, String)?.self) { group in
            for address in addresses {
                let request = OutsideRequest(check: check, address: address)
                group.addTask { try await self.problem(of: request, seconds, test).map { (address, $0) } }
            }
            return try await group.reduce(into: [(IPAddress, String)]()) { problems, problem in
                if let problem { problems.append(problem) }
            }
        }
        guard let first = problems.min(by: { $0.0 < $1.0 }) else { return nil }
        let others = problems.count > 1 ? " (\(problems.count) of \(addresses.count) addresses fail)" : ""
        return "\(check.method) \(check.path) at \(first.0) port \(check.port): \(first.1)\(others)"
    }

    /// Sends a request until it is answered as expected, as long as its time has another second. The time begins when it
    /// is first sent.
    private func problem(of request: OutsideRequest, _ seconds: Int, _ test: OutsideTest) async throws -> String? {
        var end: ContinuousClock.Instant?
        while true {
            let (problem, until) = try await turns.run { [end] in
                try Task.checkCancellation()
                let now = ContinuousClock.now
                let until = end ?? now + .seconds(seconds)
                guard try await addresses(for: request.check.port, test).contains(request.address) else {
                    return (Optional("the address is not the type's any more"), now)
                }
                return (await request.problem(within: max(until - now, Self.pause)), until)
            }
            guard problem != nil, ContinuousClock.now + Self.pause * 2 <= until else { return problem }
            end = until
            try await Task.sleep(for: Self.pause)
        }
    }

    private func addresses(for port: UInt16, _ test: OutsideTest) async throws -> [IPAddress] {
        let begin = ContinuousClock.now
        while true {
            do {
                return try await cloud().publicAddresses(of: test.type, port: port, at: test.location)
            } catch let error as RegistryError where ContinuousClock.now < begin + Self.patience {
                // It is not the version that has failed.
                logger.warning("tests from outside wait for the registry", metadata: ["error": "\(error)"])
                try await Task.sleep(for: Self.pause)
            }
        }
    }
}
