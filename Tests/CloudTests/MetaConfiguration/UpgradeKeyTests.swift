import Rollouts
import Testing
import YAML

@testable import Cloud

private let batchFault = "expected a number of instances from 1 to 10000, or a share from 1% to 100%, found "

@Suite("upgrade in a meta-configuration") struct UpgradeKeyTests {
    private func policy(_ text: String) throws -> RolloutPolicy? {
        try MetaConfiguration.loadOne("type: t\nupgrade: \(text)\n", file: "t.yaml").upgrade
    }

    @Test("batches, canaries and times, and what is assumed")
    func values() throws {
        #expect(try MetaConfiguration.loadOne("type: t\n", file: "t.yaml").upgrade == nil)
        #expect(try policy("{}") == RolloutPolicy())
        #expect(
            try policy("{batch: 2, canary: {count: 3, promote: manual}, bake: 30s, deadline: 10m}")
                == RolloutPolicy(
                    batch: .instances(2), canary: .init(count: 3, promotion: .manual), bake: 30, deadline: 600))
        #expect(
            try policy("{batch: 25%, canary: {count: 1}, bake: 0, deadline: 1d}")
                == RolloutPolicy(
                    batch: .percent(25), canary: .init(count: 1, promotion: .auto), bake: 0, deadline: 86_400))
        #expect(try policy("{batch: \"10000\"}")?.batch == .instances(10_000))
        #expect(try policy("{batch: 100%}")?.batch == .percent(100))
    }

    @Test(
        "what does not fit is refused with its place",
        arguments: [
            ("{batch: 0}", "t.yaml:2:18: \(batchFault)0"), ("{batch: 10001}", "t.yaml:2:18: \(batchFault)10001"),
            ("{batch: 0%}", "t.yaml:2:18: \(batchFault)\"0%\""), ("{batch: 101%}", "t.yaml:2:18: \(batchFault)\"101%\""),
            ("{batch: -1}", "t.yaml:2:18: \(batchFault)-1"), ("{batch: 1.5}", "t.yaml:2:18: \(batchFault)1.5"),
            ("{batch: 0x2}", "t.yaml:2:18: \(batchFault)0x2"), ("{batch: [1]}", "t.yaml:2:18: \(batchFault)a list"),
            ("{batch: half}", "t.yaml:2:18: \(batchFault)\"half\""),
            ("{bach: 1}", "t.yaml:2:11: unknown key \"bach\"; did you mean \"batch\"?"),
            ("{canary: 1}", "t.yaml:2:19: expected canaries, found 1"),
            ("{canary: {}}", "t.yaml:2:19: the key \"count\" is missing"),
            ("{canary: {count: 0}}", "t.yaml:2:27: expected a number of canaries from 1 to 1000, found 0"),
            (
                "{canary: {count: 1, promote: maybe}}",
                "t.yaml:2:39: unknown way to promote \"maybe\" (auto, manual)"
            ),
            (
                "{canary: {count: 1, promot: auto}}", "t.yaml:2:30: unknown key \"promot\"; did you mean \"promote\"?"
            ),
            ("{bake: 2d}", "t.yaml:2:17: \"2d\" is too long: expected a time from 0s to 1d"),
            ("{bake: 100ms}", "t.yaml:2:17: expected a time in whole seconds, found \"100ms\""),
            ("{deadline: 5s}", "t.yaml:2:21: \"5s\" is too short: expected a time from 10s to 1d"),
            ("1", "t.yaml:2:10: expected how to upgrade, found 1"),
        ])
    func refused(_ text: String, _ message: String) {
        #expect(#expect(throws: YAMLErrors.self) { try policy(text) }?.description == message)
    }

    @Test("all faults are told at once, and a fake type has no upgrade")
    func several() {
        let errors = #expect(throws: YAMLErrors.self) { try policy("{batch: 0, bake: x, deadline: 1}") }
        #expect(errors?.description.split(separator: "\n").count == 3)
        let fake = #expect(throws: YAMLErrors.self) {
            try MetaConfiguration.loadOne("type: t\nfake: true\nupgrade: {}\n", file: "t.yaml")
        }
        #expect(
            fake?.description == "t.yaml:3:1: a fake type has no services, so \"upgrade\" has no meaning here")
    }

    @Test("a size of a batch is written as it is read", arguments: ["1", "10000", "1%", "100%"])
    func batchTexts(_ text: String) { #expect(RolloutPolicy.BatchSize(text)?.description == text) }

    @Test("nothing else is a size", arguments: ["", "%", "01", "01%", "+1", "1 ", "1%%", "１", "99999999999999999999"])
    func otherTexts(_ text: String) { #expect(RolloutPolicy.BatchSize(text) == nil) }
}
