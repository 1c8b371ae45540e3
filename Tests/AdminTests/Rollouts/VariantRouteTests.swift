import AdminAPI
import Cloud
import HTTPTypes
import HummingbirdTesting
import Names
import Registry
import Rollouts
import Testing

@testable import Admin

@Suite("The route of a service's variant") struct VariantRouteTests {
    private static let path = "/v1/services/pgw.1/variant"

    private func refusal(_ stage: Stage, _ body: String, of service: String = "pgw.1") async throws -> String {
        let answer = try await stage.send(.post, "/v1/services/\(service)/variant", body)
        return "\(answer.status.code) \(answer.text)"
    }

    @Test("it begins a rollout of this instance to the variant of the version that it has")
    func begun() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            let debug = try await stage.addVersion("1.0", of: "pgw", variant: "debug")
            let tried = try await stage.send(.post, "\(Self.path)?dry_run=true", #"{"variant": "debug"}"#)
            #expect(tried.status == .ok)
            let made = try await stage.send(
                .post, Self.path, #"{"variant": "debug", "deadline": 60, "bake": 5, "withoutGateways": ["gw9"]}"#)
            #expect(made.status == .created)
            let rollout = try #require(try made.decoded(CreatedRollout.self).rollout)
            #expect(rollout.version == .named("1.0", variant: "debug") && rollout.digest == debug)
            #expect(rollout.instances?.map(\.service) == ["pgw.1"])
            let kept = try #require(try await stage.registry.state().cloud.rollouts["1"]?.progress)
            #expect(kept.policy.deadline == 60 && kept.policy.bake == 5 && kept.withoutGateways == ["gw9"])
            // Another operator who wants the same follows it; who wants something else has to wait.
            let again = try await stage.send(.post, Self.path, #"{"variant": "debug"}"#)
            #expect(try again.status == .ok && again.decoded(CreatedRollout.self).rollout?.id == "1")
            #expect(try await refusal(stage, #"{"variant": "release"}"#).contains("Rollout 1 (pgw to 1.0/debug"))
        }
    }

    @Test("what cannot be done says what there is, and what to do")
    func refused() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            let text = try await refusal(stage, #"{"variant": "debug"}"#)
            #expect(text.hasPrefix("422") && text.contains("#/variant"), "\(text)")
            #expect(text.contains("ADMIN has no version 1.0/debug of the type pgw; it has 1.0."), "\(text)")
            #expect(text.contains("portcullis versions build pgw --name 1.0 --variant debug --push"), "\(text)")
            try await stage.addVersion("1.0", of: "pgw", variant: "debug")
            #expect(try await refusal(stage, #"{"variant": "profile"}"#).contains("it has 1.0/debug, 1.0."))
            try await stage.send(
                .put, "/v1/versions/pgw/1.0/mark?variant=debug", #"{"mark": "quarantined", "reason": "leaks"}"#)
            #expect(try await refusal(stage, #"{"variant": "debug"}"#).contains("is quarantined (leaks)"))
            #expect(try await refusal(stage, #"{"variant": "debug"}"#, of: "tg.1").contains("tg.1 has no version"))
            #expect(try await refusal(stage, #"{"variant": "debug"}"#, of: "pgw.9").hasPrefix("404"))
            #expect(try await refusal(stage, #"{"variant": "De bug"}"#).hasPrefix("422"))
            #expect(try await refusal(stage, "{}").hasPrefix("422"))
        }
    }

    @Test("an instance that runs the variant has nothing to do")
    func upToDate() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            try await stage.reportRunning()
            let answer = try await stage.send(.post, Self.path, #"{"variant": "release"}"#)
            #expect(try answer.status == .ok && answer.decoded(CreatedRollout.self).upToDate == 1)
        }
    }

    @Test("a variant that is named by its manifest is known by its name, and so is its weight")
    func manifest() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            let debug = try await stage.addVersion("1.0", of: "pgw", variant: "debug")
            try await stage.send(.patch, "/v1/services/pgw.1", #"{"version": "sha256:\#(debug)"}"#)
            let service = try await stage.read(ServiceResource.self, "/v1/services/pgw.1")
            #expect(service.version == .named("1.0", variant: "debug") && service.digest == debug)
            try await stage.send(.patch, "/v1/services/pgw.2", #"{"version": "1.0/release"}"#)
            let plain = try await stage.read(ServiceResource.self, "/v1/services/pgw.2")
            #expect(plain.version == .named("1.0", variant: nil))
        }
    }

    @Test("an upgrade gives the instance its variant of the new version, unless that is quarantined")
    func upgrade() async throws {
        for isQuarantined in [false, true] {
            try await Stage.run { stage in
                try await stage.seedVersions()
                try await stage.addVersion("1.0", of: "pgw", variant: "debug")
                try await stage.addVersion("2.0", of: "pgw", variant: "debug")
                try await stage.send(.patch, "/v1/services/pgw.2", #"{"version": "1.0/debug"}"#)
                if isQuarantined {
                    try await stage.send(
                        .put, "/v1/versions/pgw/2.0/mark?variant=debug", #"{"mark": "quarantined", "reason": "x"}"#)
                }
                let made = try await stage.send(.post, "/v1/rollouts", #"{"type": "pgw", "version": "2.0"}"#)
                let created = try made.decoded(CreatedRollout.self)
                let targets = created.rollout?.instances?.map(\.target)
                #expect(targets == [nil, isQuarantined ? nil : "2.0/debug"])
                #expect(created.report.warnings.count == (isQuarantined ? 1 : 0))
                // Kept over a restart.
                let loaded = try await stage.registry.store.load().cloud.rollouts["1"]
                #expect(loaded == (try await stage.registry.state().cloud.rollouts["1"]))
                let exact = try await stage.send(
                    .post, "/v1/rollouts?dry_run=true", #"{"type": "pgw", "version": "2.0/release"}"#)
                #expect(exact.status != .created)
            }
        }
    }
}
