import Names
import Testing

@testable import Cloud

@Suite("What types require") struct RequirementTests {
    @Test("what was not met before a change is not held against it")
    func old() throws {
        var cloud = try TestCloud.seed()
        cloud.types["pgw"] = try TestCloud.type("type: pgw\nrequires: {labels: ssd}\n")
        #expect(cloud.requirementContradictions().count == 3)
        var next = cloud
        next.services["tg.1"]?.state = .drain
        #expect(next.newRequirementContradictions(since: cloud).isEmpty)
        next.services["pgw.9"] = ServiceInstance(type: "pgw", index: 9, server: "app4")
        #expect(next.newRequirementContradictions(since: cloud).count == 1)
    }
}
