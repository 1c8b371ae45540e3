import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

@Suite struct KernelGlanceTests {
    @Test("a table that is gone or altered, and virtual services that are missing, are told; more of them are drains")
    func deviations() {
        #expect(KernelGlance(table: .intact, services: 6).deviations(services: 6).isEmpty)
        #expect(KernelGlance(table: .intact, services: 7).deviations(services: 6).isEmpty)
        #expect(
            KernelGlance(table: nil, services: 5).deviations(services: 6) == [
                "table inet portcullis is gone", "5 of 6 virtual services are there",
            ])
        #expect(
            KernelGlance(table: .rulesAltered(strangers: []), services: 6).deviations(services: 6) == [
                "table inet portcullis was altered"
            ])
    }
}
