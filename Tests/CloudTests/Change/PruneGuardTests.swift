import Names
import Testing

@testable import Cloud

@Suite("The guard of a prune") struct PruneGuardTests {
    @Test("a prune of one kind alone is much when it takes most of that kind; a few may always go")
    func pruneOfOneKind() {
        let servers = (1...20).map { Server(name: "s\($0)", location: "l", kind: .app, addresses: []) }
        let services = (1...8).map { ServiceInstance(type: "t", index: $0, server: "s\($0)") }
        let before = Cloud(servers: servers, services: services)
        func objections(_ services: some Sequence<ServiceInstance>) -> [String] {
            PruneGuard().verdict(from: before, to: Cloud(servers: servers, services: services)).objections.map(
                \.description)
        }
        #expect(objections([]) == ["8 of 8 services"])
        #expect(objections(services.prefix(3)) == ["5 of 8 services"])
        #expect(objections(services.prefix(4)) == [])
        #expect(PruneGuard().verdict(from: before, to: before) == .init(deleted: 0, objections: []))
        let lenient = PruneGuard(share: 100).verdict(from: before, to: Cloud(servers: servers))
        #expect(lenient.objections.isEmpty && lenient.deleted == 8)
        let rules = (1...9).map { Egress(location: "l", name: "e\($0)", pool: "p", sources: []) }
        #expect(
            PruneGuard().verdict(from: Cloud(egress: rules, servers: servers), to: Cloud(servers: servers)).objections
                .map(\.description) == ["9 of 9 egress rules"])
        let few = Cloud(services: services.prefix(4))
        #expect(PruneGuard().verdict(from: few, to: Cloud()).objections.isEmpty)
    }
}
