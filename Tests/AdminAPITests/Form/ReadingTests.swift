import JSON
import Names
import Testing

@testable import AdminAPI

@Suite("Bodies, read as requests and as answers") struct ReadingTests {
    private func read<Body: Described>(_ json: String, _ reading: Reading, as type: Body.Type) throws(BodyError) -> Body
    {
        try Body(json: Array(json.utf8), reading)
    }

    /// Where a body has faults.
    private func places<Body: Described>(_ json: String, _ reading: Reading, as type: Body.Type) -> [String] {
        do throws(BodyError) {
            _ = try read(json, reading, as: type)
            return []
        } catch {
            return error.faults.map(\.pointer)
        }
    }

    @Test("members that are not known are faults of a request, and are passed over in an answer")
    func unknownMembers() throws {
        let json = #"[{"name": "tcn", "site": {"floor": 3}, "description": "Groningen"}, {"name": "hel"}]"#
        #expect(
            try read(json, .tolerant, as: [LocationResource].self) == [
                LocationResource(name: "tcn", description: "Groningen"), LocationResource(name: "hel"),
            ])
        #expect(places(json, .strict, as: [LocationResource].self) == ["#/0/site"])
    }

    @Test(
        "rules of names, limits, moments, and of what stands twice are ADMIN's: an answer is read without them",
        arguments: [
            (#"{"name": "Not A Name", "location": "l", "kind": "app", "addresses": ["10.0.0.1"]}"#, "#/name"),
            (#"{"name": "s", "location": "l", "kind": "app", "addresses": []}"#, "#/addresses"),
            (#"{"name": "s", "location": "l", "kind": "app", "addresses": ["10.0.0.1", "10.0.0.2"]}"#, "#/addresses"),
            (#"{"name": "s", "location": "l", "kind": "app", "addresses": ["127.0.0.1"]}"#, "#/addresses/0"),
            (
                #"{"name": "s", "location": "l", "kind": "app", "addresses": ["10.0.0.1"], "labels": ["a", "a"]}"#,
                "#/labels/1"
            ),
        ])
    func rules(json: String, place: String) throws {
        #expect(places(json, .strict, as: ServerResource.self) == [place])
        #expect(places(json, .tolerant, as: ServerResource.self) == [])
    }

    @Test("numbers beyond a limit, and moments that are none, are read from an answer as they are")
    func numbers() throws {
        let service = #"{"name": "tg.0", "type": "tg", "index": 0, "server": "s", "state": "ready", "weight": 70000}"#
        #expect(try read(service, .tolerant, as: ServiceResource.self).weight == 70_000)
        #expect(places(service, .strict, as: ServiceResource.self) == ["#/name", "#/index", "#/weight"])
        let type = #"{"type": "tg", "revision": 0, "source": "", "changedBy": "ops", "changedAt": "today"}"#
        #expect(try read(type, .tolerant, as: TypeResource.self).changedAt == "today")
        #expect(places(type, .strict, as: TypeResource.self) == ["#/revision", "#/changedAt"])
    }

    @Test("what is missing, of another kind, or a word that nobody here knows is a fault of an answer, too")
    func kinds() throws {
        let json = #"""
            [{"name": "s", "location": "l", "kind": "edge", "addresses": ["10.0.0.1"]},
             {"name": 5, "location": "l", "kind": "app", "addresses": "10.0.0.1"},
             {"name": "s", "kind": "app", "addresses": [1]}]
            """#
        for reading in [Reading.strict, .tolerant] {
            #expect(
                places(json, reading, as: [ServerResource].self) == [
                    "#/0/kind", "#/1/name", "#/1/addresses", "#/2/location", "#/2/addresses/0",
                ])
        }
        let error = #expect(throws: BodyError.self) { try read(json, .tolerant, as: [ServerResource].self) }
        #expect(
            error?.description == """
                #/0/kind: "edge" is not one of app, db, archive, gateway; a newer ADMIN may have more words (and 4 more)
                """)
    }

    @Test("text that is not JSON is told with its line")
    func broken() {
        let error = #expect(throws: BodyError.self) { try read("{\n1}", .tolerant, as: LocationResource.self) }
        #expect(error?.description == "#: line 2, column 1: a name in double quotes is expected")
    }

    @Test("an ADMIN from before there were versions of the export says none of a gateway: it wrote the first")
    func beforeVersions() throws {
        let json = #"""
            {"name": "gw1", "location": "tcn", "since": "2027-01-31T00:00:00Z", "lastPoll": "2027-01-31T00:00:00Z",
             "age": 1, "inSync": true}
            """#
        #expect(try read(json, .tolerant, as: GatewayResource.self).exportVersion == 1)
        #expect(places(json, .strict, as: GatewayResource.self) == ["#/exportVersion"])
    }

    @Test("an ADMIN from before there were warnings sends none")
    func before() throws {
        let json = #"{"changes": [], "export": [], "configurations": []}"#
        #expect(try read(json, .tolerant, as: ChangeReport.self) == ChangeReport(changes: [], export: []))
        #expect(places(json, .strict, as: ChangeReport.self) == ["#/warnings"])
        #expect(ChangeReport.form.component?.schema["required"]?.description.contains("warnings") == true)
    }

    @Test("of a problem what is missing or misfits is left out, as RFC 9457 has it; ADMIN's own are whole")
    func problems() throws {
        let json = #"{"detail": "no", "status": "x", "errors": [{"detail": "a"}, {"pointer": "b"}, 7]}"#
        #expect(
            try read(json, .tolerant, as: Problem.self)
                == Problem(title: "", status: 0, detail: "no", errors: [.init(pointer: "", detail: "a")]))
        #expect(
            places(json, .strict, as: Problem.self) == [
                "#/type", "#/title", "#/status", "#/errors/0/pointer", "#/errors/1/detail", "#/errors/2",
            ])
    }

    @Test("a patch says nothing of what stays, and null where a weight goes back to the section's")
    func patches() throws {
        for (patch, json) in [
            (ServicePatch(), "{}"), (ServicePatch(state: .drain), #"{"state":"drain"}"#),
            (ServicePatch(weight: .fromSection), #"{"weight":null}"#),
            (ServicePatch(weight: .fixed(0)), #"{"weight":0}"#),
        ] {
            #expect(String(decoding: patch.jsonBytes, as: UTF8.self) == json)
            #expect(try read(json, .strict, as: ServicePatch.self) == patch)
        }
    }

    @Test("whatever is written is read back, as a request and as an answer")
    func roundTrip() throws {
        func check<Body: Described & Equatable>(_ body: Body) throws {
            for reading in [Reading.strict, .tolerant] { #expect(try Body(json: body.jsonBytes, reading) == body) }
        }
        let now = "2027-01-31T00:00:00Z"
        try check([
            GatewayResource(
                name: "gw1", location: "tcn", role: .active, applied: #""a""#, since: now, lastPoll: now, age: 0.25,
                current: nil, inSync: false, held: .init(etag: #""b""#, reason: "r", decision: .pending, since: now),
                failures: 3),
            GatewayResource(
                name: "gw2", location: "tcn", role: nil, applied: nil, since: now, lastPoll: now, age: 12,
                current: nil, inSync: true),
        ])
        try check(MarkResource(mark: 300, type: "tg", section: "s", transport: "udp", since: now, inUse: true))
        try check(CreatedToken(token: TokenResource(name: "t", role: .read, createdAt: now), secret: nil))
        try check(
            ChangeReport(
                changes: [.init(action: .update, kind: .secret, name: "a")],
                export: [.init(location: "l", added: ["a"], removed: [], changed: [.init(before: "b", after: "c")])],
                configurations: [
                    .init(services: ["tg.1"], lines: [.init(path: "/a~1b", before: nil, after: "1")], omitted: true)
                ],
                warnings: [.init(pointer: "t.yaml:1:1", detail: "d")]))
        try check(
            ApplyRequest(
                locations: [.init(name: "l", description: "e\u{301}")],
                pools: [.init(location: "l", name: "p", addresses: ["198.51.100.1"])],
                servers: [.init(name: "s", location: "l", kind: .db, addresses: ["10.0.0.1"], labels: ["ssd"])],
                types: [.init(name: "t", source: "type: t\n")],
                services: [.init(name: "t.1", server: "s", state: .drain, weight: 0)], prune: true, yesDelete: 0))
    }
}
