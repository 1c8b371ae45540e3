import Names
import NetworkTypes
import Testing

@testable import Cloud

@Suite("Scopes of changes") struct ChangeScopeTests {
    private static let logger = """
        type: logger
        config:
          - sort-order: 1
            for: common
            values: {log: {level: info}}
        """

    /// What of an edit is outside, as text; `nil` if nothing is.
    private func outside(
        _ scope: ChangeScope, by actor: String = "ci", of before: Cloud? = nil, _ edit: (inout Cloud) throws -> Void
    ) throws -> String? {
        let before = try before ?? TestCloud.seed()
        var after = before
        try edit(&after)
        let difference = CloudDifference(from: before, to: after)
        return scope.firstOutside(difference, from: before, to: after, by: actor)?.text
    }

    private func secret(_ name: String, by actor: String) -> SealedSecret {
        SealedSecret(name: name, revision: 1, sealed: [1], stamp: [1], changedBy: actor, changedAt: "")
    }

    private let both = ChangeScope(locations: ["tcn"], types: ["pgw"])
    private let atTCN = ChangeScope(locations: ["tcn"])
    private let ofPGW = ChangeScope(types: ["pgw"])

    @Test("a scope is told in words")
    func text() {
        #expect(ChangeScope(locations: ["tcn"], types: ["pgw", "mdb"]).description == "location tcn, types mdb pgw")
        #expect(ChangeScope.everything.description.isEmpty)
    }

    @Test("services are changed, made and removed within both restrictions only")
    func services() throws {
        #expect(try outside(both) { $0.services["pgw.1"]?.state = .drain } == nil)
        #expect(try outside(both) { $0.services["pgw.1"] = nil } == nil)
        #expect(
            try outside(both) { $0.services["pgw.9"] = ServiceInstance(type: "pgw", index: 9, server: "app4") } == nil)
        #expect(try outside(both) { $0.services["tg.1"]?.weight = 5 } == "service tg.1: type tg, at tcn")
        #expect(try outside(both) { $0.services["pgw.3"]?.weight = 5 } == "service pgw.3: type pgw, at hel")
        #expect(try outside(both) { $0.services["pgw.1"]?.server = "hel-app1" } == "service pgw.1: type pgw, at hel")
        #expect(try outside(both) { $0.services["pgw.3"]?.server = "app4" } == "service pgw.3: type pgw, at hel")
        #expect(
            try outside(both) { $0.services["pgw.1"]?.server = "app9" }
                == "service pgw.1: type pgw, on app9, which is no server")
        #expect(try outside(atTCN) { $0.services["tg.1"]?.weight = 5 } == nil)
        #expect(try outside(ofPGW) { $0.services["pgw.3"]?.weight = 5 } == nil)
    }

    @Test("locations, pools and servers need a scope without types")
    func places() throws {
        let edits: [(String, (inout Cloud) -> Void)] = [
            ("location tcn", { $0.locations["tcn"]?.description = "x" }),
            ("pool tcn/www-ip", { $0.pools[AddressPool.ID(location: "tcn", name: "www-ip")] = nil }),
            ("server app1", { $0.servers["app1"]?.labels = ["ssd"] }),
        ]
        for (name, edit) in edits {
            #expect(try outside(atTCN, edit) == nil)
            #expect(try outside(both, edit) == "\(name): it is of no type")
            #expect(try outside(ofPGW, edit) == "\(name): it is of no type")
        }
        #expect(try outside(atTCN) { $0.locations["hel"]?.description = "x" } == "location hel")
        #expect(try outside(atTCN) { $0.servers["app1"]?.location = "hel" } == "server app1: it is at hel")
    }

    @Test("a mark that a section gets from another type's that is gone is outside, also when none is left")
    func takenMarks() throws {
        var before = try TestCloud.seed()
        for mark in FirewallMarkSection.marks where !before.marks.values.contains(mark) {
            before.marks[MarkID(SectionID(type: "old", section: "s\(mark)"))] = mark
        }
        for mark in ["", ", mark: 300"] {
            let source = "type: pgw\ngateway:\n  - {name: s, address: www-ip, fwm: {ports: 5000-5001\(mark)}}\n"
            let text = try outside(ofPGW, of: before) { cloud in
                cloud.types["pgw"] = try TestCloud.type(source)
                try cloud.allocateMarks()
            }
            #expect(text?.hasPrefix("mark ") == true, "\(text ?? "inside")")
        }
    }

    @Test("a type is changed where locations are not restricted; its blocks for others stay as they are")
    func types() throws {
        let other = try TestCloud.type("type: pgw\n# other\n")
        #expect(try outside(ofPGW) { $0.types["pgw"] = other } == nil)
        #expect(try outside(atTCN) { $0.types["pgw"] = other } == "type pgw: it counts at all locations")
        #expect(try outside(both) { $0.types["pgw"] = other } == "type pgw: it counts at all locations")
        #expect(try outside(ofPGW) { $0.types["tg"] = nil } == "type tg")
        for target in ["common", "[pgw, tg]"] {
            let text = "type: pgw\nconfig:\n  - sort-order: 1\n    for: \(target)\n    values: {a: 1}\n"
            let taking = try TestCloud.type(text)
            #expect(
                try outside(ofPGW) { $0.types["pgw"] = taking }
                    == "type pgw: a block of its \"config\" that is for other types")
            var before = try TestCloud.seed()
            before.types["pgw"] = taking
            let moved = try TestCloud.type(text.replacing("config:", with: "# moved\nconfig:"))
            #expect(try outside(ofPGW, of: before) { $0.types["pgw"] = moved } == nil)
        }
    }

    @Test("the first and the last service of a type carry its blocks for others in and out")
    func latent() throws {
        var before = try TestCloud.seed()
        before.types["logger"] = try TestCloud.type(Self.logger)
        let scope = ChangeScope(types: ["logger"])
        let add = { (cloud: inout Cloud) in
            cloud.services["logger.1"] = ServiceInstance(type: "logger", index: 1, server: "app1")
        }
        #expect(try outside(scope, of: before, add)?.contains("begin to count with its first service") == true)
        add(&before)
        #expect(
            try outside(scope, of: before) { $0.services["logger.1"] = nil }?
                .contains("cease to count with its last service") == true)
        #expect(
            try outside(scope, of: before) {
                $0.services["logger.2"] = ServiceInstance(type: "logger", index: 2, server: "app2")
            } == nil)
    }

    @Test("a secret belongs to the types that name it, and until one does to who has set it")
    func secrets() throws {
        let naming = try TestCloud.type("type: pgw\nconfig:\n  - sort-order: 1\n    values: {key: !secret key}\n")
        let plain = try TestCloud.seed()
        #expect(try outside(ofPGW, of: plain) { $0.secrets["key"] = secret("key", by: "ci") } == nil)
        #expect(
            try outside(atTCN, of: plain) { $0.secrets["key"] = secret("key", by: "ci") }
                == "secret key: it counts at all locations")
        var prepared = plain
        prepared.secrets["key"] = secret("key", by: "ops")
        #expect(try outside(ofPGW, of: prepared) { $0.secrets["key"] = nil } == "secret key")
        #expect(
            try outside(ofPGW, of: prepared) { $0.types["pgw"] = naming } == "type pgw: it names the secret key")
        prepared.types["pgw"] = naming
        #expect(try outside(ofPGW, of: prepared) { $0.secrets["key"] = secret("key", by: "ci") } == nil)
        prepared.types["tg"] = try TestCloud.type(
            "type: tg\nconfig:\n  - sort-order: 1\n    values: {key: !secret key}\n")
        #expect(try outside(ofPGW, of: prepared) { $0.secrets["key"] = nil } == "secret key")
        #expect(ofPGW.allows(secret: "key", in: prepared, by: "ci") == false)
    }

    @Test("rows of the export must be of the scope, too")
    func exports() throws {
        let before = try TestCloud.seed()
        var after = before
        after.services["tg.1"]?.state = .maint
        let difference = ExportDifference(
            from: before.exportRows(location: "tcn"), to: after.exportRows(location: "tcn"))
        #expect(ofPGW.firstOutside([("tcn", difference)])?.text == "the export of tcn for tg.1")
        #expect(atTCN.firstOutside([("tcn", difference)]) == nil)
        #expect(ChangeScope(locations: ["hel"]).firstOutside([("tcn", difference)]) != nil)
    }
}
