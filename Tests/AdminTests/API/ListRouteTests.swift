import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Lists") struct ListRouteTests {
    /// The members of that name of a list's elements.
    private func values(_ response: TestResponse, _ member: String = "name") throws -> [String] {
        guard response.status == .ok, case .array(let elements) = try JSONParser.parse(Array(buffer: response.body))
        else { throw StageError("\(response.status): \(response.text)") }
        return elements.compactMap { if case .string(let text)? = $0[member] { text } else { nil } }
    }

    private func next(_ response: TestResponse) -> String? {
        response.headers[.link].map { String($0.dropFirst().prefix { $0 != ">" }) }
    }

    /// Every page, and how many there were.
    private func pages(
        _ stage: Stage, _ path: String, between: (Int) async throws -> Void = { _ in }
    ) async throws -> [[String]] {
        var pages: [[String]] = []
        var path: String? = path
        while let one = path {
            let response = try await stage.get(one)
            pages.append(try values(response))
            path = next(response)
            try await between(pages.count)
        }
        return pages
    }

    @Test("services are filtered by type, server, location and state, servers by location, kind and label")
    func filters() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.put, "/v1/locations/hel", "{}")
            try await stage.send(
                .put, "/v1/servers/db1",
                #"{"location": "hel", "kind": "db", "addresses": ["10.2.0.1"], "labels": ["ssd"]}"#)
            try await stage.send(.put, "/v1/types/own", "type: own\n", type: "application/yaml")
            try await stage.send(.put, "/v1/services/own.1", #"{"server": "db1", "state": "maint"}"#)
            for (query, names) in [
                ("type=pgw", ["pgw.1", "pgw.2"]), ("server=app1", ["pgw.1", "tg.1"]), ("location=hel", ["own.1"]),
                ("state=maint", ["own.1"]), ("type=tg&server=app2&state=ready", ["tg.2"]), ("type=none", []),
            ] { #expect(try values(try await stage.get("/v1/services?\(query)")) == names, "\(query)") }
            for (query, names) in [
                ("location=hel", ["db1"]), ("kind=app", ["app1", "app2", "app3"]), ("label=ssd", ["db1"]),
                ("label=ssd&kind=app", []),
            ] { #expect(try values(try await stage.get("/v1/servers?\(query)")) == names, "\(query)") }
            #expect(try values(try await stage.get("/v1/types?sort=-type&limit=2"), "type") == ["tg", "pgw"])
        }
    }

    @Test("a list is sorted by each of its orders, and has the fields that are asked for")
    func sorting() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.patch, "/v1/services/pgw.2", #"{"state": "drain"}"#)
            let all = try await stage.get("/v1/services")
            #expect(all.headers[.link] == nil)
            for (sort, names) in [
                ("name", ["pgw.1", "pgw.2", "tg.1", "tg.2"]), ("-name", ["tg.2", "tg.1", "pgw.2", "pgw.1"]),
                ("server", ["pgw.1", "tg.1", "pgw.2", "tg.2"]), ("state", ["pgw.2", "pgw.1", "tg.1", "tg.2"]),
            ] { #expect(try values(try await stage.get("/v1/services?sort=\(sort)")) == names, "\(sort)") }
            let fields = try await stage.get("/v1/services?fields=state,name&limit=1")
            #expect(fields.text == #"[{"name":"pgw.1","state":"ready"}]"#)
        }
    }

    @Test("pages go on behind the last element, though elements come and go between them")
    func paging() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for number in 1...9 {
                try await stage.send(
                    .put, "/v1/servers/x\(number)",
                    #"{"location": "tcn", "kind": "app", "addresses": ["10.3.0.\#(number)"]}"#)
            }
            let all = ["app1", "app2", "app3"] + (1...9).map { "x\($0)" }
            for limit in 1...13 {
                for order in ["name", "-name"] {
                    let pages = try await pages(stage, "/v1/servers?limit=\(limit)&sort=\(order)")
                    #expect(pages.flatMap(\.self) == (order == "name" ? all : all.reversed()))
                    #expect(pages.dropLast().allSatisfy { $0.count == limit } && pages.last?.isEmpty == false)
                }
            }
            let changing = try await pages(stage, "/v1/servers?limit=3&fields=name") { page in
                guard page == 2 else { return }
                // The last one of the page, one before it, and one behind it.
                for name in ["x3", "app2", "x5"] { try await stage.send(.delete, "/v1/servers/\(name)") }
                try await stage.send(
                    .put, "/v1/servers/a0", #"{"location": "tcn", "kind": "app", "addresses": ["10.3.0.99"]}"#)
            }
            #expect(
                changing.flatMap(\.self) == ["app1", "app2", "app3", "x1", "x2", "x3", "x4", "x6", "x7", "x8", "x9"])
        }
    }

    @Test("a wrong parameter is refused at its place; so is a cursor that is damaged, or of another list or order")
    func faults() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let target = try #require(next(try await stage.get("/v1/services?limit=1")))
            let cursor = String(target.split(separator: "=").last ?? "")
            #expect(try await stage.get("/v1/services?after=\(cursor)").status == .ok)
            var damaged = Array(cursor)
            damaged[damaged.count / 2] = damaged[damaged.count / 2] == "A" ? "B" : "A"
            for (path, place) in [
                ("/v1/services?limit=0", "?limit"), ("/v1/services?limit=1001", "?limit"),
                ("/v1/services?state=up", "?state"), ("/v1/servers?kind=pc", "?kind"),
                ("/v1/services?sort=age", "?sort"),
                ("/v1/services?sort=", "?sort"), ("/v1/services?fields=name,colour", "?fields"),
                ("/v1/services?fields=", "?fields"), ("/v1/services?after=", "?after"),
                ("/v1/services?after=\(String(damaged))", "?after"), ("/v1/services?after=\(cursor)A", "?after"),
                ("/v1/servers?after=\(cursor)", "?after"), ("/v1/services?sort=-name&after=\(cursor)", "?after"),
                ("/v1/services?offset=3", "?offset"), ("/v1/types/pgw/instances?ready=yes", "?ready"),
            ] {
                let problem = try await stage.get(path).problem
                let status = place == "?after" ? 422 : 400
                #expect(
                    problem?.status == status && problem?.errors.map(\.pointer) == [place],
                    "\(path): \(problem as Any)")
            }
        }
    }

    @Test("a list of gateways is the same while only their ages differ")
    func gateways() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for (name, location) in [("gw2", "tcn"), ("gw1", "tcn")] {
                _ = try await stage.get(
                    "/v1/locations/\(location)/services.csv", headers: [HTTPField.Name("Portcullis-Gateway")!: name])
            }
            let first = try await stage.get("/v1/gateways")
            let tag = try #require(first.headers[.eTag])
            #expect(tag.hasPrefix("W/"))
            #expect(try values(first) == ["gw1", "gw2"])
            stage.clock.advance(by: 20)
            #expect(try await stage.get("/v1/gateways", headers: [.ifNoneMatch: tag]).status == .notModified)
            #expect(try await stage.get("/v1/gateways").headers[.eTag] == tag)
            stage.clock.advance(by: 60)
            #expect(try await stage.get("/v1/gateways", headers: [.ifNoneMatch: tag]).status == .ok, "silent by now")
            #expect(try values(try await stage.get("/v1/gateways?sort=-name&limit=1&location=tcn")) == ["gw2"])
            #expect(try values(try await stage.get("/v1/gateways?location=hel")) == [])
        }
    }
}
