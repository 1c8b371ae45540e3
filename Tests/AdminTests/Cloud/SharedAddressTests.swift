import AdminAPI
import HTTPTypes
import HummingbirdTesting
import Names
import NetworkTypes
import Testing

@testable import Admin
@testable import Cloud
@testable import Registry

@Suite("Public addresses that are a server's own") struct SharedAddressTests {
    private static let message = "which is the server app1's own"

    /// The one fault of a request that is refused as a contradiction.
    private func refusal(of response: TestResponse) throws -> Problem.Fault {
        #expect(response.status == .conflict)
        let errors = try #require(response.problem).errors
        #expect(errors.count == 1)
        return try #require(errors.first)
    }

    @Test("are refused when the pool changes and when the server does, at the address that does it")
    func bothDirections() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let pool = try refusal(
                of: try await stage.send(
                    .put, "/v1/locations/tcn/pools/www-ip", #"{"addresses": ["198.51.100.36", "10.1.0.11"]}"#))
            #expect(pool.pointer == "#/addresses/1")
            #expect(pool.detail.contains("the pool www-ip of location tcn has 10.1.0.11, " + Self.message))
            let server = try refusal(
                of: try await stage.send(.patch, "/v1/servers/app1", #"{"addresses": ["198.51.100.36"]}"#))
            #expect(server.pointer == "#/addresses/0")
            #expect(server.detail.contains("198.51.100.36, " + Self.message))
        }
    }

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
