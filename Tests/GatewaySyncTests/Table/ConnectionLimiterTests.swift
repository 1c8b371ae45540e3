import GatewaySync
import Netlink
import NetworkTypes
import ServicesExport
import TestSupport
import Testing

@Suite("limits of a section as a chain")
struct ConnectionLimiterTests {
    private func limiter(
        _ limit: String?, maximumRate: Int = 0, _ address: String = "198.51.100.36"
    ) throws -> ConnectionLimiter {
        ConnectionLimiter(
            address: IPAddress(address)!, transport: .tcp, port: 80,
            source: try limit.map { try #require(SourceLimit($0)) }, maximumRate: maximumRate)
    }

    @Test("the name tells everything")
    func name() throws {
        #expect(
            try limiter("rate=100/s burst=200 connections=50 prefix=24", maximumRate: 5_000).name
                == "limit-198.51.100.36-tcp-80-r100s-b200-c50-p24-t5000")
        #expect(
            try limiter("rate=5/h prefix=64", "2001:db8::36").name
                == "limit-20010db8000000000000000000000036-tcp-80-r5h-b5-p64")
        #expect(try limiter(nil, maximumRate: 9).name == "limit-198.51.100.36-tcp-80-t9")
    }

    @Test("a name reads back as the limiter it was made for", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let family = AddressFamily.allCases.randomElement(using: &generator)!
        let hasRate = Bool.random(using: &generator)
        let source = SourceLimit(
            rate: hasRate
                ? .init(
                    count: .random(in: SourceLimit.counts, using: &generator),
                    per: SourceLimit.Rate.Unit.allCases.randomElement(using: &generator)!) : nil,
            burst: hasRate ? .random(in: SourceLimit.counts, using: &generator) : nil,
            connections: hasRate && Bool.random(using: &generator)
                ? 0 : .random(in: SourceLimit.connectionCounts, using: &generator),
            prefix: Bool.random(using: &generator) ? nil : .random(in: 1...family.bitWidth, using: &generator))
        let limiter = ConnectionLimiter(
            address: family == .ipv4
                ? IPAddress(ipv4: .random(in: 0 ... .max, using: &generator))
                : IPAddress(ipv6High: .random(in: 0 ... .max, using: &generator), low: 7),
            transport: TransportProtocol.allCases.randomElement(using: &generator)!,
            port: .random(in: 1 ... .max, using: &generator), source: source,
            maximumRate: Bool.random(using: &generator) ? 0 : .random(in: 1...1_000_000, using: &generator))
        #expect(ConnectionLimiter(name: limiter.name) == limiter)
        #expect(limiter.name.utf8.count < 128)
    }

    @Test(
        "other names are none of ours",
        arguments: [
            "limit", "admit4", "limit-198.51.100.36-tcp-80", "limit-198.51.100.36-tcp-080-t5",
            "limit-198.51.100.36-icmp-80-t5", "limit-198.51.100.36-tcp-80-t0", "limit-198.51.100.36-tcp-80-t5-t5",
            "limit-198.51.100.36-tcp-80-b5", "limit-198.51.100.36-tcp-80-r5s", "limit-198.51.100.36-tcp-80-r5s-b5-p33",
            "limit-2001-tcp-80-t5", "limit-198.51.100.36-tcp-80-x5", "limit-198.51.100.36-tcp-80-r5s-b5-",
        ])
    func strangers(name: String) { #expect(ConnectionLimiter(name: name) == nil) }

    @Test("a meter keeps a source until its tokens are back, for ten seconds at least and a day at most")
    func times() throws {
        #expect(try limiter("rate=100/s").meter?.dynamic?.timeout == 10)
        #expect(try limiter("rate=1/s burst=100").meter?.dynamic?.timeout == 101)
        #expect(try limiter("rate=5/h").meter?.dynamic?.timeout == 3_601)
        #expect(try limiter("rate=1/h burst=1000000").meter?.dynamic?.timeout == 86_400)
        #expect(try limiter("connections=5").meter == nil)
    }
}
