import Foundation
import GatewayDaemon
import GatewaySync
import GatewayTestSupport
import Netlink
import NetworkTypes
import Testing

@Suite struct KernelScenariosInMemory {
    @Test("the kernel in memory", arguments: KernelScenario.all)
    func scenario(_ scenario: KernelScenario) throws { try scenario.run(InMemoryKernel()) }

    /// Stricter than the real ones: Linux 6.1 takes an overlapping interval without an error and keeps the first.
    @Test("intervals that overlap are refused")
    func overlaps() throws {
        let kernel = InMemoryKernel()
        let address = try #require(IPAddress("198.51.100.37"))
        let ports = try #require(PortRange(20000, 29999))
        let wider = try #require(PortRange(25000, 35000))
        try kernel.commit(TableChange(skeleton: .absent, added: [.range(address, .tcp, ports)]))
        #expect(throws: NetlinkError.self) {
            try kernel.commit(TableChange(added: [.address(address), .range(address, .tcp, wider)]))
        }
        #expect(kernel.state.table?.elements == [.range(address, .tcp, ports)])
    }
}

/// Needs IPVS, so it runs where `make kernel` runs it: in the lab machine, or on a host that has it.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["PORTCULLIS_LAB"] == "1"), .serialized)
struct IPVSKernelScenarios {
    @Test("the real kernel", arguments: KernelScenario.all)
    func scenario(_ scenario: KernelScenario) async throws {
        try await NetworkNamespace.run { try scenario.run(try NetlinkKernel()) }
    }
}
