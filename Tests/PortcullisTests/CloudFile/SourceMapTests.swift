import Testing
import YAML

@testable import portcullis

@Suite struct SourceMapTests {
    private func cloud() throws -> CloudFile {
        try CloudFile(
            parsing: """
                locations:
                  tcn:
                    pools:
                      www-ip: [198.51.100.36, 198.51.100.36]
                    servers:
                      app1: {kind: app, addresses: [10.1.0.11]}
                services:
                  pgw.1: app9
                  pgw.2: {server: app1, weight: 5}
                """, file: "cloud.yaml")
    }

    @Test(
        "a pointer into the request leads to the cloud file",
        arguments: [
            ("#/locations/0", "cloud.yaml:2:3"), ("#/locations/0/name", "cloud.yaml:2:3"),
            ("#/pools/0/addresses/1", "cloud.yaml:4:31"), ("#/servers/0/kind", "cloud.yaml:6:20"),
            ("#/servers/0/location", "cloud.yaml:6:7"), ("#/services/0/server", "cloud.yaml:8:10"),
            ("#/services/1/weight", "cloud.yaml:9:33"), ("#/services/1/name", "cloud.yaml:9:3"),
            ("#/services/7/name", "services.7.name"), ("#", "the request"), ("?dry_run", "?dry_run"),
        ])
    func pointers(pointer: String, place: String) throws {
        #expect(try cloud().places.place(of: pointer) == place)
    }

    @Test("a type's file in a text gets the path the operator knows")
    func files() {
        var places = SourceMap()
        places.add(file: "tg.yaml", path: "fixtures/types/tg.yaml")
        #expect(
            places.translated("tg.yaml:12:7 (tg/devices) overlaps (tg.yaml:3:1), pgw.yaml:5:5 too")
                == "fixtures/types/tg.yaml:12:7 (tg/devices) overlaps (fixtures/types/tg.yaml:3:1), pgw.yaml:5:5 too")
    }

    @Test("what is said of a type as a whole is said of its file")
    func types() throws {
        var places = SourceMap()
        places.add(try TypeFile(parsing: "type: tg", path: "types/tg.yaml"), at: 0)
        places.add(try TypeFile(parsing: "type: tg", path: "again.yaml"), at: 1)
        #expect(places.place(of: "#/types/0/source") == "types/tg.yaml:1:1")
        #expect(places.place(of: "#/types/1") == "again.yaml:1:1")
    }
}
