import AdminAPI
import HTTPTypes
import HummingbirdTesting
import Names
import Testing
import Text

@testable import Admin

@Suite("Discovery") struct DiscoveryRouteTests {
    @Test("the instances of a type have the addresses and ports that they listen on, ready ones alone if asked for")
    func instances() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.patch, "/v1/services/pgw.2", #"{"state": "drain"}"#)
            let all = try await stage.read([InstanceResource].self, "/v1/types/pgw/instances")
            #expect(all.map(\.service) == ["pgw.1", "pgw.2"] && all.map(\.state) == [.ready, .drain])
            let ports = [8080, 8443].map { InstanceResource.Port(section: "http", transport: "tcp", port: $0) }
            #expect(all.first?.ports == ports && all.first?.addresses == ["10.1.0.11"])
            for query in ["ready", "ready=true", "ready=&location=tcn"] {
                let ready = try await stage.read([InstanceResource].self, "/v1/types/pgw/instances?\(query)")
                #expect(ready.map(\.service) == ["pgw.1"], "\(query)")
            }
            let tg = try await stage.read([InstanceResource].self, "/v1/types/tg/instances?ready=false")
            #expect(
                tg.first?.ports
                    == ["tcp", "udp"].map {
                        .init(section: "devices", transport: $0, port: 20_000, lastPort: 29_999)
                    })
            #expect(try await stage.read([InstanceResource].self, "/v1/types/tg/instances?location=hel").isEmpty)
            #expect(try await stage.get("/v1/types/none/instances").status == .notFound)
            let tag = try #require(try await stage.get("/v1/types/pgw/instances?ready").headers[.eTag])
            try await stage.send(.patch, "/v1/services/pgw.2", #"{"weight": 3}"#)
            let same = try await stage.get("/v1/types/pgw/instances?ready", headers: [.ifNoneMatch: tag])
            #expect(same.status == .notModified)
        }
    }

    @Test("Prometheus gets a group for each section with TCP ports, and one without a port for other instances")
    func prometheus() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(
                .put, "/v1/servers/six",
                #"{"location": "tcn", "kind": "app", "addresses": ["2001:db8::6"], "labels": ["b", "a"]}"#)
            try await stage.send(.put, "/v1/types/own", "type: own\n", type: "application/yaml")
            try await stage.send(.put, "/v1/services/own.1", #"{"server": "six", "state": "maint"}"#)
            let groups = try await stage.read([ScrapeGroup].self, "/v1/discovery/prometheus")
            #expect(
                groups.map(\.targets) == [
                    ["[2001:db8::6]"], ["10.1.0.11:8080", "10.1.0.11:8443"], ["10.1.0.12:8080", "10.1.0.12:8443"],
                    ["10.1.0.11"], ["10.1.0.12"],
                ])
            let labels = try #require(groups.first?.labels)
            #expect(
                Dictionary(uniqueKeysWithValues: labels.map { ($0.key.wrappedValue, $0.value) }) == [
                    "__meta_portcullis_service": "own.1", "__meta_portcullis_type": "own",
                    "__meta_portcullis_index": "1", "__meta_portcullis_state": "maint",
                    "__meta_portcullis_server": "six", "__meta_portcullis_server_kind": "app",
                    "__meta_portcullis_server_labels": ",a,b,", "__meta_portcullis_location": "tcn",
                ])
            #expect(groups[1].labels[ExactText("__meta_portcullis_section")] == "http")
            let own = try await stage.read([ScrapeGroup].self, "/v1/discovery/prometheus?type=own&ready")
            #expect(own.isEmpty)
            let answer = try await stage.get("/v1/discovery/prometheus")
            #expect(answer.headers[.contentType] == "application/json")
        }
    }
}
