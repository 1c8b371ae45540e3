import Names
import NetworkTypes
import Testing

@testable import Cloud

@Suite("Public addresses that are a server's own") struct SharedAddressTests {
    @Test("a gateway's own address may be public, as long as no exported instance runs there")
    func gateway() throws {
        var cloud = try TestCloud.seed()
        cloud.servers["gw1"] = Server(
            name: "gw1", location: "tcn", kind: .gateway, addresses: TestCloud.addresses(["198.51.100.36"]))
        #expect(cloud.sharedAddressContradictions().isEmpty)
        cloud.services["pgw.9"] = ServiceInstance(type: "pgw", index: 9, server: "gw1", state: .maint)
        #expect(cloud.sharedAddressContradictions().count == 1)
    }

    @Test("one that an earlier version has let in is not held against another change")
    func known() throws {
        var before = try TestCloud.seed()
        before.pools[AddressPool.ID(location: "tcn", name: "www-ip")]?.addresses.append(IPAddress("10.1.0.11")!)
        var cloud = before
        cloud.services["pgw.1"]?.state = .drain
        try cloud.settle(from: before, places: .none)
        cloud.pools[AddressPool.ID(location: "tcn", name: "www-ip")]?.addresses.append(IPAddress("10.1.0.12")!)
        #expect(throws: ChangeError.self) { try cloud.settle(from: before, places: .none) }
    }
}
