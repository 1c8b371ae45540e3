import AdminAPI
import JSON
import Names
import Testing
import Text

@testable import portcullis

@Suite("What services do on their servers, for people") struct ServiceRunsTests {
    private static let old = String(repeating: "0a", count: 32)
    private static let new = String(repeating: "1b", count: 32)

    private func service(_ version: String? = "1.6.0", desired: DesiredRun = .running) -> ServiceResource {
        ServiceResource(
            name: "pgw.1", type: "pgw", index: 1, server: "app1", state: .ready, weight: nil,
            version: version.map { .named($0, variant: nil) }, digest: version == nil ? nil : Self.new,
            desired: version == nil ? nil : desired)
    }

    private func runs(
        _ state: ServerService.State = .running, node: NodeResource.State = .present,
        _ deviation: ServiceDeviation? = nil
    ) -> ServiceRuns {
        var resource = NodeResource(server: "app1", location: "tcn", state: node)
        resource.services = [ExactText("pgw.1"): state]
        resource.deviations = deviation.map { [ExactText("pgw.1"): $0] } ?? [:]
        let version = ServiceVersion(
            type: "pgw", name: "1.5.0", variant: "debug", digest: Self.old, files: 1, size: 1, compressedSize: 1,
            signedBy: [], mark: .good, createdAt: "2026-11-29T10:00:00Z", createdBy: "ops")
        return ServiceRuns([resource], versions: [version])
    }

    @Test("what is as it should be is the version and a word")
    func plain() {
        #expect(runs().version(of: service()) == "1.6.0" && runs().text(of: service()) == "running")
        #expect(runs().sentence(of: service()) == "1.6.0, running")
        #expect(runs(.stopped).text(of: service()) == "stopped (running)")
        #expect(ServiceRuns().version(of: service()) == "1.6.0" && ServiceRuns().text(of: service()) == "? (running)")
        #expect(ServiceRuns().sentence(of: service()) == "? (running)" && ServiceRuns().json(of: service()) == .null)
        #expect(runs().version(of: service(nil)) == "-" && runs().text(of: service(nil)) == "-")
    }

    @Test("another version than the assigned one is shown as what is there, with the trouble")
    func another() {
        let trouble = "the version 1b1b… is not trusted: it is not signed"
        let runs = runs(.running, ServiceDeviation(hasVersion: false, version: Self.old, problem: trouble))
        #expect(runs.version(of: service()) == "1.5.0/debug → 1.6.0")
        #expect(runs.text(of: service()) == "running: \(trouble)")
        #expect(runs.sentence(of: service()) == "1.5.0/debug (0a0a0a0a0a0a), running: \(trouble)")
        let unknown = self.runs(
            .running,
            ServiceDeviation(hasVersion: false, version: Self.new, problem: String(repeating: "x", count: 130)))
        #expect(unknown.version(of: service()) == "1b1b1b1b1b1b → 1.6.0")
        #expect(unknown.text(of: service()) == "running: \(String(repeating: "x", count: 120))…")
        #expect(unknown.sentence(of: service()).hasSuffix(String(repeating: "x", count: 130)))
        let none = self.runs(.installing, ServiceDeviation(hasVersion: false))
        #expect(none.version(of: service()) == "- → 1.6.0" && none.text(of: service()) == "installing (running)")
        #expect(none.sentence(of: service()) == "no version, installing (running)")
    }

    @Test("a trouble with the assigned version is told, and what a silent server has told is over")
    func trouble() {
        let failing = runs(.failing, ServiceDeviation(hasVersion: true, problem: "it ended by itself with status 7"))
        #expect(failing.version(of: service()) == "1.6.0")
        #expect(failing.text(of: service()) == "failing (running): it ended by itself with status 7")
        #expect(runs(node: .silent).text(of: service()) == "was running, its server is silent")
        #expect(runs(node: .lost).text(of: service()) == "was running, its server is lost")
    }
}
