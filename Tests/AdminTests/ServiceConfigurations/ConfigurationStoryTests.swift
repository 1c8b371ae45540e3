import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing

@testable import Admin

@Suite("The seed's story of configurations") struct ConfigurationStoryTests {
    @Test("the combined configuration of mdb is the expected file")
    func mdb() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            #expect(try await stage.yaml("mdb.2") == Fixtures.text("combined/mdb.2.yaml"))
        }
    }

    @Test("removing the last logger removes the remote target from everyone; a new one brings it back")
    func lastLogger() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            let before = try await stage.yaml("mdb.2")
            #expect(before.contains("  remote:\n    - 10.1.0.31\n  remote-port: 5140\n"))
            let report = try await stage.send(.delete, "/v1/services/logger.1").report
            #expect(Set(report.configurations.flatMap(\.services)).count == 7)
            for service in ["mdb.1", "mdb.2", "mdb.3", "mdbctl.1", "pgw.1", "tg.1", "tgctl.1"] {
                #expect(try await !stage.yaml(service).contains("remote"), "\(service)")
            }
            try await stage.send(.post, "/v1/services", #"{"type": "logger", "server": "archive1"}"#)
            #expect(try await stage.yaml("mdb.2") == before)
        }
    }

    @Test("a second logger is refused where the request asks for it")
    func secondLogger() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            let post = try await stage.send(.post, "/v1/services", #"{"type": "logger", "server": "archive1"}"#)
            #expect(post.problem?.status == 409)
            #expect(post.problem?.errors.map(\.pointer) == ["#/type"])
            #expect(post.text.contains("logger is unique in the cloud"))
        }
    }

    @Test("the logger does not log to itself")
    func logger() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            let yaml = try await stage.yaml("logger.1")
            #expect(!yaml.contains("remote") && yaml.contains("path: logs/logger.log"))
        }
    }

    @Test("addresses of others are of a family that the service's own server has")
    func families() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            #expect(try await stage.yaml("mdb.3").contains("remote:\n    - \"fd00:1::31\"\n"))
            #expect(try await stage.yaml("mdbctl.1").contains("nodes:\n  - 10.1.0.21\n  - \"fd00:2::21\"\n"))
        }
    }

    @Test("explain tells file, line and block of each value, and what it overrode")
    func explain() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            let path = Stage.configPath("mdb.2") + "?explain=true"
            let explanation = try await stage.read(ConfigurationExplanation.self, path)
            let workers = try #require(explanation.values.first { $0.path == "/workers" })
            #expect(workers.value == "1" && workers.from.file == "mdb.yaml" && workers.from.line == 16)
            #expect(workers.from.type == "mdb" && workers.from.sortOrder == 100 && workers.from.block == 1)
            #expect(workers.overrode.map(\.from.file) == ["default.yaml"])
            let remote = try #require(explanation.values.first { $0.path == "/logging/remote/0" })
            #expect(remote.from.expression == "${services.logger.addresses}")
            let logger = try await stage.read(
                ConfigurationExplanation.self, Stage.configPath("logger.1") + "?explain=true")
            #expect(logger.values.first { $0.path == "/logging/level" }?.overrode.count == 1)
        }
    }

    @Test("a dry run of a changed file tells whose configurations would change, how, and changes none")
    func dryRun() async throws {
        try await Stage.run { stage in
            try await stage.seedStory()
            let source = try Fixtures.text("types/mdb.yaml").replacing("cache: 8 GiB", with: "cache: 4 GiB")
            let tag = try await stage.tag("mdb.1")
            let report = try await stage.putType("mdb", source, dryRun: true).report
            #expect(
                report.configurations == [
                    ConfigurationChange(
                        services: ["mdb.1", "mdb.2", "mdb.3"],
                        lines: [.init(path: "/storage/cache", before: "\"8 GiB\"", after: "\"4 GiB\"")])
                ])
            #expect(try await stage.tag("mdb.1") == tag)
            #expect(try await stage.putType("mdb", source).report.configurations == report.configurations)
            #expect(try await stage.tag("mdb.1") != tag)
        }
    }
}
