import AdminAPI
import AdminClient
import Names
import Testing

@Suite struct AdminRequestTests {
    @Test("what is not unreserved is percent-encoded, so that a name stays one segment")
    func encoding() {
        let request = AdminRequest(.get, .server("a/b c?é"), query: [("after", "1&2")])
        #expect(request.target == "/v1/servers/a%2Fb%20c%3F%C3%A9?after=1%262")
    }

    @Test("a dry run is asked for in the query")
    func dryRun() {
        #expect(AdminRequest.change(.post, .apply, dryRun: true).target == "/v1/apply?dry_run=true")
        #expect(AdminRequest.change(.post, .apply, dryRun: false).target == "/v1/apply")
    }

    @Test("a patch holds only what changes; the section's weight is null")
    func patches() throws {
        func body(_ patch: ServicePatch) throws -> String {
            let request = AdminRequest(.patch, .services).json(patch)
            return String(decoding: try #require(request.body).bytes, as: UTF8.self)
        }
        #expect(try body(ServicePatch(state: .drain)) == #"{"state":"drain"}"#)
        #expect(try body(ServicePatch(weight: .fromSection)) == #"{"weight":null}"#)
        #expect(try body(ServicePatch(weight: .fixed(0))) == #"{"weight":0}"#)
    }
}
