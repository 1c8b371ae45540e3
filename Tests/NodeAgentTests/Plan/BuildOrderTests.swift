import AdminAPI
import Cloud
import NodeAgent
import ServiceSupport
import Testing
import Text
import Versions

@Suite struct BuildOrderTests {
    private let builds: [ExactText: BuildEntry]

    init() throws {
        builds = try NodeConfiguration.load(
            file: SettingsFile(
                path: "node.yaml",
                text: """
                    builds:
                      pgw:
                        source: /srv/src/pgw
                        user: builder
                        command: [make, release]
                        directory: out
                        environment: {A: "1", B: "2"}
                        variants: {debug: {command: [make, debug], environment: {B: "3"}}}
                    """), environment: [:], flags: [], hostName: "build1"
        ).builds
    }

    private func order(
        _ type: String = "pgw", _ version: String = "1.5.0", _ variant: String = "release",
        _ builds: [ExactText: BuildEntry]? = nil
    ) throws(BuildRefusal) -> BuildOrder {
        try BuildOrder(
            AssignedBuild(type: type, version: version, variant: variant, deadline: "2027-01-01T00:00:00Z"),
            builds ?? self.builds)
    }

    @Test("all but the names is of node.yaml")
    func entry() throws {
        let release = try order()
        #expect(release.settings.command == ["make", "release"] && release.settings.directory == "out")
        #expect(release.entry.source == "/srv/src/pgw" && release.entry.user == "builder")
        #expect(release.entry.timeout == 1_800 && release.version.name == "1.5.0")
        let debug = try order("pgw", "1.5.0", "debug")
        #expect(debug.settings.command == ["make", "debug"])
        #expect(debug.settings.environment.map(\.value) == ["1", "3"])
    }

    @Test(
        "a name that is none, and what is not in node.yaml, is refused by name",
        arguments: [
            ("../pgw", "1", "release", "is no name of a type"), ("pgw", "-rf", "release", "is no name of a version"),
            ("pgw", "$(id)", "release", "is no name of a version"), ("pgw", "", "release", "is no name of a version"),
            ("pgw", "1\n2", "release", "is no name of a version"), ("pgw", "1", "Debug", "is no name of a variant"),
            ("pgw", "1", "asan", "has no variant asan. It has release, debug."),
            ("mdb", "1", "release", "does not build the type mdb"),
        ])
    func refused(type: String, version: String, variant: String, reason: String) {
        #expect {
            _ = try order(type, version, variant)
        } throws: {
            "\($0)".contains(reason)
        }
    }

    @Test("a server without builds refuses every one")
    func none() {
        #expect {
            _ = try order("pgw", "1", "release", [:])
        } throws: {
            "\($0)".contains("this server builds nothing")
        }
    }
}
