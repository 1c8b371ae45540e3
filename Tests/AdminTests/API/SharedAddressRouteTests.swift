import AdminAPI
import HTTPTypes
import HummingbirdTesting
import Names
import Testing

@testable import Admin

@Suite("Public addresses that are a server's own, over HTTP") struct SharedAddressRouteTests {
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
}
